import type { Pool } from 'pg'
import type { AppDefinition } from 'reprise'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll } from 'vitest'
import { AggregateRepository } from '../../src/aggregates/aggregate-repository.js'
import { CommandBus, type CommandBusOptions } from '../../src/aggregates/command-bus.js'
import { PostgresEventStore } from '../../src/aggregates/postgres/event-store.js'
import { PostgresSnapshotStore } from '../../src/aggregates/postgres/snapshot-store.js'
import { Snapshots } from '../../src/aggregates/snapshots.js'
import type { Logger } from '../../src/core/ports/logger.js'
import { modelOf } from '../../src/app/app-model.js'
import { routingFor } from '../../src/outbox/routing.js'
import { createPool } from '../../src/postgres/pool.js'
import { isTransient } from '../../src/postgres/sql-state.js'
import { schemasOf } from '../../src/postgres/schemas.js'
import { bank } from './bank.js'
import { useDatabase } from './database.js'
import { silentLogger } from './silent-logger.js'

/** The app's own schemas in a test database. */
export const schemas = schemasOf('reprise')

/** The write side of the bank as one process has it: connections, cache and command bus of its own. */
export interface WriteSide {
  readonly pool: Pool
  readonly store: PostgresEventStore
  readonly bus: CommandBus
}

export interface WriteSideOptions {
  /** @defaultValue the bank */
  readonly app?: AppDefinition
  /** Another way to the database. */
  readonly url?: string
  /** Connections that it shares with others. @defaultValue ones of its own */
  readonly pool?: Pool
  readonly now?: () => Date
  readonly newId?: () => string
  /** Aggregates kept in memory. @defaultValue 1,000 */
  readonly capacity?: number
  /** Takes what is said about snapshots. */
  readonly logger?: Logger
  /** What the bus is given beside; by default as an app without any of it. */
  readonly options?: Partial<Pick<CommandBusOptions, 'preparations' | 'maxPayloadBytes' | 'onAppended'>>
}

/** A migrated database, and the processes that use it. */
export interface MigratedDatabase {
  readonly url: string
  /** Connections of the test itself. */
  readonly pool: Pool
  /** Connections that are closed after the tests. */
  connect(size?: number, url?: string): Pool
  /** A write side that is closed after the tests. */
  writeSide(options?: WriteSideOptions): WriteSide
}

/** Gives the file or `describe` a database with both schemas migrated; whatever is opened on it is closed after the tests. */
export function useMigratedDatabase(options: { readonly server?: 15 | 18 } = {}): MigratedDatabase {
  const database = useDatabase({ ...options, migrated: true })
  const pools: Pool[] = []
  const connect = (size = 10, url = database.url): Pool => {
    const pool = createPool({
      url,
      applicationName: 'test',
      size,
      idleInTransaction: 5_000,
      vanishedAfter: 3_000,
      logger: silentLogger,
    })
    pools.push(pool)
    return pool
  }
  let own: Pool | undefined
  beforeAll(() => {
    own = connect(4)
  })
  afterAll(() => Promise.all(pools.map((pool) => pool.end())))
  return {
    get url() {
      return database.url
    },
    get pool() {
      if (own === undefined) throw new Error('the database is made before the tests: use it in one of them')
      return own
    },
    connect,
    writeSide: ({
      app = bank,
      url,
      pool = connect(10, url),
      now = () => new Date(),
      newId = uuidv7,
      capacity = 1_000,
      logger = silentLogger,
      options = {},
    } = {}) => {
      const store = new PostgresEventStore(pool, schemas.store, routingFor(app.name))
      const snapshots = new Snapshots({ store: new PostgresSnapshotStore(pool, schemas.store), logger })
      const repository = new AggregateRepository(store, capacity, snapshots)
      const { aggregates } = modelOf(app)
      const onAppended = () => undefined
      const bus = new CommandBus({
        aggregates,
        store,
        repository,
        now,
        newId,
        isTransient,
        onAppended,
        ...options,
      })
      return { pool, store, bus }
    },
  }
}
