import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../../src/app/postgres/embedded/index.js'
import { TcpProxy } from '../../support/tcp-proxy.js'

/**
 * A Postgres of a run's own, which may be stopped like a machine, and started again on its data. Clients go through
 * proxies, whose addresses stay; wherever the server comes up again.
 */
export class PostgresServer {
  readonly proxies: readonly TcpProxy[]
  readonly #folder: string
  readonly #target: { readonly host: string; port: number }
  #url = ''
  #up = false
  #dataFolder = ''
  /** A server runs until all that started it have stopped it, also those that it was started by before it crashed. */
  readonly #stops: (() => Promise<void>)[] = []

  private constructor(folder: string, target: { host: string; port: number }, proxies: readonly TcpProxy[]) {
    this.#folder = folder
    this.#target = target
    this.proxies = proxies
  }

  static async start(folder: string, lanes: number): Promise<PostgresServer> {
    const target = { host: '127.0.0.1', port: 0 }
    const proxies = await Promise.all(Array.from({ length: lanes }, () => TcpProxy.before(target)))
    const server = new PostgresServer(folder, target, proxies)
    await server.restart()
    return server
  }

  /** Whether it is meant to run now. */
  get up(): boolean {
    return this.#up
  }

  /** A database's address by way of a proxy. */
  through(lane: number, database: string): string {
    const url = new URL(this.#url)
    url.port = String(this.proxies[lane]?.port ?? 0)
    url.pathname = `/${database}`
    return url.href
  }

  /** Its address without one. */
  around(database: string): string {
    const url = new URL(this.#url)
    url.pathname = `/${database}`
    return url.href
  }

  async createDatabase(name: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.#url })
    await client.connect()
    await client.query(`CREATE DATABASE ${name}`)
    await client.end()
  }

  /** SIGQUIT is Postgres' immediate stop: no checkpoint, every session cut. SIGKILL leaves even its children to notice. */
  async crash(how: 'SIGQUIT' | 'SIGKILL'): Promise<void> {
    this.#up = false
    const [pid] = (await readFile(join(this.#dataFolder, 'data', 'postmaster.pid'), 'utf8')).split('\n')
    process.kill(Number(pid), how)
    await gone(Number(pid))
  }

  /** On the same data, until it answers. */
  async restart(): Promise<void> {
    const server = await startEmbeddedPostgres({
      dataFolder: this.#folder,
      settings: { max_connections: '300' },
    })
    this.#url = server.url
    this.#dataFolder = server.dataFolder
    this.#stops.push(() => server.stop())
    this.#target.port = Number(new URL(server.url).port)
    this.#up = true
  }

  async stop(): Promise<void> {
    await Promise.all(this.proxies.map((it) => it.close()))
    for (const stop of this.#stops) await stop()
    await rm(this.#dataFolder, { recursive: true, force: true })
  }
}

async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await delay(20)
  }
}
