import { Kysely, PostgresDialect } from 'kysely'
import type { Pool } from 'pg'
import { ConfigurationError, DatabaseUnreachable } from '../../core/errors/index.js'
import type { Logger } from '../../core/ports/logger.js'
import { createPool } from '../../postgres/pool.js'
import { type Schemas, schemasOf } from '../../postgres/schemas.js'
import { sqlStateOf } from '../../postgres/sql-state.js'
import type { Settings } from '../settings.js'

/** Connections to both sides. They are separate even where both sides are in one database. */
export interface Databases {
  readonly schemas: Schemas
  readonly store: Pool
  readonly read: Pool
  /** The read side as Kysely, over the same connections as `read`. */
  readonly readDb: Kysely<unknown>
  /** Where the database is, without what opens it. */
  readonly address: string
  close(): Promise<void>
}

const OLDEST_SERVER = 15

/** Milliseconds. A server that is merely busy takes new connections within a third of this. */
const SHORTEST_VANISHING = 15_000

/**
 * @throws {@link DatabaseUnreachable} when no connection can be made, {@link ConfigurationError} when the server is
 * older than Postgres 15
 */
export async function openDatabases(
  url: string,
  app: string,
  settings: Pick<Settings, 'schemaPrefix' | 'poolSize' | 'lease'>,
  logger: Logger,
): Promise<Databases> {
  // A session that is idle inside a transaction keeps its locks: it must be gone well before a successor's lease begins.
  const idleInTransaction = Math.floor(settings.lease / 2)
  const vanishedAfter = Math.max(settings.lease, SHORTEST_VANISHING)
  const common = { url, size: settings.poolSize, idleInTransaction, vanishedAfter, logger }
  const store = createPool({ ...common, applicationName: `${app} store` })
  const read = createPool({ ...common, applicationName: `${app} read` })
  const readDb = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: read }) })
  const close = async (): Promise<void> => {
    await Promise.all([store.end(), readDb.destroy()])
    // The Kysely instance closes its pool only if it was used itself.
    if (!read.ended) await read.end()
  }
  try {
    await requireServer(store, url)
  } catch (error) {
    await close()
    throw error
  }
  return { schemas: schemasOf(settings.schemaPrefix), store, read, readDb, address: addressText(url), close }
}

async function requireServer(pool: Pool, url: string): Promise<void> {
  const version = await serverVersion(pool, url)
  if (version >= OLDEST_SERVER) return
  throw new ConfigurationError(
    'DATABASE_URL',
    `leads to Postgres ${version}, but ${OLDEST_SERVER} or newer is needed`,
  )
}

async function serverVersion(pool: Pool, url: string): Promise<number> {
  try {
    const { rows } = await pool.query<{ version: string }>(
      `SELECT current_setting('server_version_num') AS version`,
    )
    return Math.floor(Number(rows[0]?.version) / 10_000)
  } catch (error) {
    throw new DatabaseUnreachable(addressOf(url), reasonOf(error), error)
  }
}

function addressOf(url: string): { readonly host: string; readonly port: number; readonly database: string } {
  const { hostname, port, pathname } = new URL(url)
  return {
    host: decodeURIComponent(hostname) || 'localhost',
    port: port === '' ? 5432 : Number(port),
    database: decodeURIComponent(pathname.slice(1)) || 'the default one',
  }
}

function addressText(url: string): string {
  const { host, port, database } = addressOf(url)
  return `${host}:${port}/${database}`
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0].message
  if (!(error instanceof Error)) return String(error)
  const state = sqlStateOf(error)
  return state === undefined ? error.message : `${error.message} (SQLSTATE ${state})`
}
