import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, Socket } from 'node:net'
import pg from 'pg'

/** Ready for query, idle: the last message of every answer outside of a transaction. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49])
const AUTHENTICATED = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0])

/**
 * A pooler in transaction mode at its smallest: all connections take turns on one session of the server, statement by
 * statement. It cannot carry transactions over several statements.
 */
export class TransactionPooler {
  readonly url: string
  readonly #server: Server
  readonly #client: pg.Client
  /** The session's own connection, which its driver has no need of meanwhile. */
  readonly #stream: Socket
  readonly #sockets = new Set<Socket>()
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(server: Server, client: pg.Client, stream: Socket, databaseUrl: string) {
    const url = new URL(databaseUrl)
    url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
    this.url = url.href
    this.#server = server
    this.#client = client
    this.#stream = stream
    server.on('connection', (socket) => this.#join(socket))
  }

  static async before(databaseUrl: string): Promise<TransactionPooler> {
    const stream = new Socket()
    const client = new pg.Client({ connectionString: databaseUrl, stream: () => stream })
    await client.connect()
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new TransactionPooler(server, client, stream, databaseUrl)
  }

  async close(): Promise<void> {
    this.#server.close()
    this.#sockets.forEach((socket) => socket.destroy())
    await this.#client.end()
  }

  #join(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#sockets.delete(socket))
    // Whoever comes is let in; everything after the first message is a statement.
    socket.once('data', () => {
      socket.write(Buffer.concat([AUTHENTICATED, READY]))
      socket.on('data', (request) => {
        if (request[0] !== 'X'.charCodeAt(0)) this.#turn = this.#turn.then(() => this.#lend(socket, request))
      })
    })
  }

  async #lend(socket: Socket, request: Buffer): Promise<void> {
    const stream = this.#stream
    const drivers = stream.listeners('data') as ((data: Buffer) => void)[]
    stream.removeAllListeners('data')
    let answer = Buffer.alloc(0)
    const answered = new Promise<void>((resolve) => {
      stream.on('data', (data: Buffer) => {
        answer = Buffer.concat([answer, data])
        if (answer.subarray(-READY.length).equals(READY)) resolve()
      })
    })
    stream.write(request)
    await answered
    stream.removeAllListeners('data')
    drivers.forEach((it) => stream.on('data', it))
    if (!socket.destroyed) socket.write(answer)
  }
}
