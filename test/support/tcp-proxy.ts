import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Where a connection is spoiled: on its way to the server, on its way back, or both. */
export type Direction = 'requests' | 'answers' | 'both'

/** A server behind a proxy. */
export interface ProxyTarget {
  readonly host: string
  readonly port: number
}

/**
 * Stands between clients and one server, whatever they speak, and spoils their connections on demand. What it is told
 * holds for the connections that there are and for new ones, until {@link heal}.
 *
 * A server that tells its clients where it is, as Kafka does, has to tell them the proxy's address, or they go around it.
 */
export class TcpProxy {
  readonly port: number
  readonly #server: Server
  readonly #target: ProxyTarget
  readonly #pairs = new Set<Pair>()
  #open = true
  #dropping: readonly Flow[] = []
  #delay = 0
  #cutAfter: { readonly flows: readonly Flow[]; left: number } | undefined

  private constructor(server: Server, target: ProxyTarget) {
    this.#server = server
    this.#target = target
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (client) => this.#join(client))
  }

  /** Listens on this port of the loopback address, or on a free one. */
  static async before(target: ProxyTarget, port = 0): Promise<TcpProxy> {
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    return new TcpProxy(server, target)
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#pairs.size
  }

  /** Closes the open connections, abruptly; new ones are taken. */
  cut(): void {
    this.#pairs.forEach((pair) => pair.end())
  }

  /** Closes the open connections and refuses new ones. */
  shut(): void {
    this.#open = false
    this.cut()
  }

  /**
   * Throws away what goes this way, and closes nothing: with `answers` the server gets requests and does as it is told,
   * and nobody hears of it; with `both` it is as if a machine had lost its power.
   */
  drop(direction: Direction): void {
    this.#dropping = flowsOf(direction)
  }

  /** Throws away what goes over the connections that there are, both ways, and closes none of them. New ones work. */
  freeze(): void {
    this.#pairs.forEach((pair) => flowsOf('both').forEach((flow) => pair.lost.add(flow)))
  }

  /** Holds everything up for so many milliseconds, in its order. */
  delay(milliseconds: number): void {
    this.#delay = milliseconds
  }

  /** After so many more bytes this way, of all connections together, the connection that carries them is closed. Once. */
  cutAfter(bytes: number, direction: Exclude<Direction, 'both'>): void {
    this.#cutAfter = { flows: flowsOf(direction), left: bytes }
  }

  /** Everything goes through again. Connections that lost something are closed: their peers would wait for it for ever. */
  heal(): void {
    this.#open = true
    this.#dropping = []
    this.#delay = 0
    this.#cutAfter = undefined
    this.#pairs.forEach((pair) => {
      if (pair.lost.size > 0) pair.end()
    })
  }

  async close(): Promise<void> {
    this.shut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(client: Socket): void {
    if (!this.#open) {
      client.resetAndDestroy()
      return
    }
    const pair = new Pair(client, connect(this.#target), (flow, chunk) => this.#carry(pair, flow, chunk))
    this.#pairs.add(pair)
    client.once('close', () => this.#pairs.delete(pair))
  }

  #carry(pair: Pair, flow: Flow, chunk: Buffer): void {
    const cut = this.#cutAfter
    if (cut?.flows.includes(flow) === true) {
      const passed = chunk.subarray(0, cut.left)
      cut.left -= passed.length
      if (cut.left === 0) {
        this.#cutAfter = undefined
        pair.send(flow, passed, this.#delay)
        pair.endAfterSending(flow, this.#delay)
        return
      }
    }
    // What comes after something lost would be taken for its beginning.
    if (this.#dropping.includes(flow) || pair.lost.has(flow)) pair.lost.add(flow)
    else pair.send(flow, chunk, this.#delay)
  }
}

type Flow = 'requests' | 'answers'

const flowsOf = (direction: Direction): readonly Flow[] =>
  direction === 'both' ? ['requests', 'answers'] : [direction]

/** A client's connection and the one that was opened for it. */
class Pair {
  /** The ways on which something was thrown away. */
  readonly lost = new Set<Flow>()
  readonly #client: Socket
  readonly #server: Socket
  readonly #sent: Record<Flow, Promise<void>> = { requests: Promise.resolve(), answers: Promise.resolve() }

  constructor(client: Socket, server: Socket, carry: (flow: Flow, chunk: Buffer) => void) {
    this.#client = client
    this.#server = server
    client.setNoDelay(true)
    server.setNoDelay(true)
    client.on('data', (chunk) => carry('requests', chunk))
    server.on('data', (chunk) => carry('answers', chunk))
    for (const socket of [client, server]) {
      socket.on('error', () => undefined)
      socket.on('close', () => this.end())
    }
  }

  /** Without a delay at once, unless something that was held up is still before it. */
  send(flow: Flow, chunk: Buffer, delay: number): void {
    const due = performance.now() + delay
    this.#sent[flow] = this.#sent[flow].then(async () => {
      const early = due - performance.now()
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
      this.#targetOf(flow).write(chunk)
    })
  }

  endAfterSending(flow: Flow, delay: number): void {
    this.send(flow, Buffer.alloc(0), delay)
    void this.#sent[flow].then(() => {
      this.#targetOf(flow).end(() => this.end())
    })
  }

  end(): void {
    this.#client.destroy()
    this.#server.destroy()
  }

  #targetOf(flow: Flow): Socket {
    return flow === 'requests' ? this.#server : this.#client
  }
}
