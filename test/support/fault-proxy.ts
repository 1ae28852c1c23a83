import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** Of a request's length, type and version, and the number that its answer repeats. */
const REQUEST_HEAD = 12
const PRODUCE = 0

/**
 * Stands between Kafka clients and a broker, and spoils their connections on demand. The broker has to advertise the
 * proxy's address on the listener that the proxy leads to, or clients go around it.
 */
export class FaultProxy {
  /** Produce requests that came through so far. */
  produceRequests = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #loss: 'closed' | 'silent' | undefined
  #open = true

  private constructor(server: Server, target: number) {
    this.#server = server
    server.on('connection', (client) => this.#connect(client, target))
  }

  static async listen(port: number, target: number): Promise<FaultProxy> {
    const server = createServer()
    const proxy = new FaultProxy(server, target)
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return proxy
  }

  /**
   * The next produce request reaches the broker, and its answer does not come back: the connection is closed instead,
   * or stays open and silent.
   */
  loseNextAnswer(how: 'closed' | 'silent'): void {
    this.#loss = how
  }

  /** Closes all connections and refuses new ones. */
  shut(): void {
    this.#open = false
    this.#sockets.forEach((socket) => socket.destroy())
  }

  reopen(): void {
    this.#open = true
  }

  async close(): Promise<void> {
    this.shut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #connect(client: Socket, target: number): void {
    if (!this.#open) {
      client.destroy()
      return
    }
    const broker = connect({ port: target, host: '127.0.0.1' })
    const spoil = { losing: undefined as 'closed' | 'silent' | undefined }
    const requests = new RequestReader((type) => {
      if (type !== PRODUCE) return
      this.produceRequests++
      spoil.losing ??= this.#loss
      this.#loss = undefined
    })
    client.on('data', (chunk) => {
      requests.read(chunk)
      broker.write(chunk)
    })
    broker.on('data', (chunk) => {
      if (spoil.losing === undefined) client.write(chunk)
      else if (spoil.losing === 'closed') client.destroy()
    })
    this.#joinFates(client, broker)
  }

  #joinFates(one: Socket, other: Socket): void {
    for (const [socket, peer] of [
      [one, other],
      [other, one],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        peer.destroy()
      })
    }
  }
}

/** Finds the requests in a stream of bytes. */
class RequestReader {
  readonly #onRequest: (type: number) => void
  #unread = Buffer.alloc(0)

  constructor(onRequest: (type: number) => void) {
    this.#onRequest = onRequest
  }

  read(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk])
    while (this.#unread.length >= REQUEST_HEAD) {
      const end = 4 + this.#unread.readInt32BE(0)
      if (this.#unread.length < end) return
      this.#onRequest(this.#unread.readInt16BE(4))
      this.#unread = this.#unread.subarray(end)
    }
  }
}
