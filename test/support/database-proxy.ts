import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Stands between an app and its database, and spoils connections on demand. */
export class DatabaseProxy {
  /** The database's address by way of the proxy. */
  readonly url: string
  readonly #server: Server
  readonly #target: { readonly host: string; readonly port: number }
  readonly #sockets = new Set<Socket>()
  #losing: string | undefined
  #state: 'open' | 'silent' | 'shut' | 'vanished' = 'open'

  private constructor(server: Server, databaseUrl: string) {
    const { hostname, port } = new URL(databaseUrl)
    const url = new URL(databaseUrl)
    url.hostname = '127.0.0.1'
    url.port = (server.address() as AddressInfo).port.toString()
    this.url = url.href
    this.#target = { host: hostname, port: port === '' ? 5432 : Number(port) }
    this.#server = server
    server.on('connection', (client) => this.#join(client))
  }

  static async before(databaseUrl: string): Promise<DatabaseProxy> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new DatabaseProxy(server, databaseUrl)
  }

  /** The next statement with this name is executed, and its connection closed in place of the answer. */
  loseNextAnswerTo(statementName: string): void {
    this.#losing = statementName
  }

  /** Closes all connections and refuses new ones. */
  shut(): void {
    this.#state = 'shut'
    this.#sockets.forEach((socket) => socket.destroy())
  }

  /** Closes all connections, and takes new ones without ever answering. */
  fallSilent(): void {
    this.shut()
    this.#state = 'silent'
  }

  /** Lets nothing through any more, and closes nothing, as a machine does that loses power. New connections get no answer. */
  vanish(): void {
    this.#state = 'vanished'
  }

  reopen(): void {
    this.#state = 'open'
  }

  async close(): Promise<void> {
    this.shut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(client: Socket): void {
    this.#sockets.add(client)
    client.on('close', () => this.#sockets.delete(client))
    client.on('error', () => client.destroy())
    if (this.#state === 'shut') client.destroy()
    if (this.#state === 'open') this.#forward(client)
  }

  #forward(client: Socket): void {
    const database = connect(this.#target)
    let lost = false
    client.on('data', (request) => {
      if (this.#state === 'vanished') return
      if (this.#losing !== undefined && request.includes(this.#losing)) {
        lost = true
        this.#losing = undefined
      }
      database.write(request)
    })
    database.on('data', (answer) => {
      if (this.#state === 'vanished') return
      // The server answers when the statement is committed.
      if (lost) client.destroy()
      else client.write(answer)
    })
    client.on('close', () => database.destroy())
    database.on('close', () => client.destroy())
    database.on('error', () => client.destroy())
  }
}
