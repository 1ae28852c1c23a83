import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { memoryFolder } from '../../support/memory-folder.js'
import type { Installed } from '../installed.js'
import type { Assignment } from '../workload/assignment.js'
import { AskedDatabase } from './databases.js'
import { KafkaServer } from './kafka-server.js'
import { PostgresServer } from './postgres-server.js'

export interface ServersOptions {
  readonly log: 'postgres' | 'kafka'
  /** Read side in a database of its own. */
  readonly separate: boolean
}

/** Ways through proxies to each server: what is done to one leaves the other alone. */
export const LANES = 2
const STORE = 'chaos_store'
const READ = 'chaos_read'

/** The servers of one run. */
export class Servers {
  readonly postgres: PostgresServer
  readonly kafka: KafkaServer | undefined
  readonly storeDatabase = STORE
  readonly installed: Installed
  readonly #separate: boolean
  readonly #folder: string

  private constructor(
    folder: string,
    separate: boolean,
    postgres: PostgresServer,
    kafka: KafkaServer | undefined,
  ) {
    this.postgres = postgres
    this.kafka = kafka
    this.#separate = separate
    this.#folder = folder
    const store = new AskedDatabase(() => postgres.around(STORE))
    const read = separate ? new AskedDatabase(() => postgres.around(READ)) : store
    this.installed = { store, read, schemas: { store: 'reprise_store', read: 'reprise_read' } }
  }

  static async start({ log, separate }: ServersOptions): Promise<Servers> {
    // What a killed process has written survives in memory as well, and a slow disk is none of the faults.
    const folder = await mkdtemp(join((await memoryFolder()) ?? tmpdir(), 'reprise-chaos-'))
    // Enterable for the account that a server started by root runs as.
    await chmod(folder, 0o755)
    const postgres = await PostgresServer.start(join(folder, 'data'), LANES)
    await postgres.createDatabase(STORE)
    if (separate) await postgres.createDatabase(READ)
    const kafka = log === 'kafka' ? await KafkaServer.start(join(folder, 'kafka'), LANES) : undefined
    return new Servers(folder, separate, postgres, kafka)
  }

  /** How a process reaches them. */
  through(lane: number): Pick<Assignment, 'databaseUrl' | 'readDatabaseUrl' | 'brokers'> {
    return {
      databaseUrl: this.postgres.through(lane, STORE),
      readDatabaseUrl: this.#separate ? this.postgres.through(lane, READ) : undefined,
      brokers: this.kafka?.through(lane),
    }
  }

  /** How they are reached without a proxy. */
  around(): Pick<Assignment, 'databaseUrl' | 'readDatabaseUrl' | 'brokers'> {
    return {
      databaseUrl: this.postgres.around(STORE),
      readDatabaseUrl: this.#separate ? this.postgres.around(READ) : undefined,
      brokers: this.kafka?.direct,
    }
  }

  async versions(): Promise<Readonly<Record<string, string>>> {
    const client = new pg.Client({ connectionString: this.postgres.around(STORE) })
    await client.connect()
    try {
      const { rows } = await client.query<{ server_version: string }>('SHOW server_version')
      const own = { node: process.version, postgres: rows[0]?.server_version ?? '?' }
      if (this.kafka === undefined) return own
      const { kafkaVersion } = await import('../../../src/testing/kafka/index.js')
      return { ...own, kafka: kafkaVersion }
    } finally {
      await client.end()
    }
  }

  async storeId(): Promise<string> {
    return this.installed.store.inSnapshot(async (client) => {
      const { rows } = await client.query<{ value: string }>(
        `SELECT value FROM ${this.installed.schemas.store}.settings WHERE name = 'store_id'`,
      )
      return rows[0]?.value ?? ''
    })
  }

  async stop(): Promise<void> {
    await this.installed.store.close()
    await this.installed.read.close()
    await this.kafka?.stop().catch(() => undefined)
    await this.postgres.stop().catch(() => undefined)
    await rm(this.#folder, { recursive: true, force: true })
  }
}
