import { Kysely, PostgresDialect } from 'kysely'
import type { Pool } from 'pg'
import { ConfigurationError, DatabaseUnreachable, RepriseError } from '../../core/errors/index.js'
import type { Logger } from '../../core/ports/logger.js'
import { createPool } from '../../postgres/pool.js'
import { type Schemas, schemasOf } from '../../postgres/schemas.js'
import { sqlStateOf } from '../../postgres/sql-state.js'
import { cutterOf } from './cut-connections.js'
import { areOneDatabase } from './one-database.js'
import { requireSafeSettings } from './safe-settings.js'
import type { Settings } from '../settings.js'

/** Connections to both sides. They are separate even where both sides are in one database. */
export interface Databases {
  readonly schemas: Schemas
  readonly store: Pool
  readonly read: Pool
  /** The read side as Kysely, over the same connections as `read`. */
  readonly readDb: Kysely<unknown>
  /** Where each side's database is, without what opens it. */
  readonly address: string
  readonly readAddress: string
  /** Whether both sides are in one database, so that one transaction can hold changes to both. */
  areOne(): Promise<boolean>
  close(): Promise<void>
  /** Ends every connection at once, with whatever waits on it: for when closing takes too long. */
  cut(): void
}

/** Major version of Postgres. */
export const OLDEST_SERVER = 15

/** Milliseconds. A server that is merely busy takes new connections within a third of this. */
const SHORTEST_VANISHING = 15_000

/**
 * Milliseconds after which the server ends a transaction that nothing is done in. A session keeps its locks until then: it
 * must be gone well before a successor's lease begins.
 */
export const idleLimitOf = ({ lease }: Pick<Settings, 'lease'>): number => Math.floor(lease / 2)

/** Where both sides are; the same address twice for one database. */
export interface DatabaseUrls {
  readonly store: string
  readonly read: string
}

/**
 * @throws {@link DatabaseUnreachable} when no connection can be made, {@link ConfigurationError} when a server is older
 * than Postgres 15, or promises cannot hold on it
 */
export async function openDatabases(
  urls: DatabaseUrls,
  app: string,
  settings: Pick<Settings, 'schemaPrefix' | 'poolSize' | 'lease'>,
  logger: Logger,
): Promise<Databases> {
  const idleInTransaction = idleLimitOf(settings)
  const vanishedAfter = Math.max(settings.lease, SHORTEST_VANISHING)
  const common = { size: settings.poolSize, idleInTransaction, vanishedAfter, logger }
  const store = createPool({ ...common, url: urls.store, applicationName: `${app} store` })
  const read = createPool({ ...common, url: urls.read, applicationName: `${app} read` })
  const cut = cutterOf([store, read])
  const readDb = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: read }) })
  const close = async (): Promise<void> => {
    await Promise.all([store.end(), readDb.destroy()])
    // The Kysely instance closes its pool only if it was used itself.
    if (!read.ended) await read.end()
  }
  const apart = urls.read !== urls.store
  try {
    await requireServer(apart ? [store] : [store, read], 'DATABASE_URL', urls.store, logger)
    if (apart) await requireServer([read], 'READ_DATABASE_URL', urls.read, logger)
  } catch (error) {
    await close()
    throw error
  }
  return {
    schemas: schemasOf(settings.schemaPrefix),
    store,
    read,
    readDb,
    address: addressText(urls.store),
    readAddress: addressText(urls.read),
    areOne: () => (apart ? areOneDatabase(store, read) : Promise.resolve(true)),
    close,
    cut,
  }
}

async function requireServer(
  pools: readonly [Pool, ...Pool[]],
  setting: string,
  url: string,
  logger: Logger,
): Promise<void> {
  const [pool] = pools
  try {
    requireVersion(await serverVersion(pool), setting)
    await requireSafeSettings(pools, setting, logger)
  } catch (error) {
    if (RepriseError.is(error)) throw error
    throw new DatabaseUnreachable(addressOf(url), reasonOf(error), error, setting)
  }
}

function requireVersion(version: number, setting: string): void {
  if (version >= OLDEST_SERVER) return
  throw new ConfigurationError(
    setting,
    `leads to Postgres ${version}, but ${OLDEST_SERVER} or newer is needed`,
  )
}

/** The major version of a server. */
export async function serverVersion(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ version: string }>(
    `SELECT current_setting('server_version_num') AS version`,
  )
  return Math.floor(Number(rows[0]?.version) / 10_000)
}

function addressOf(url: string): { readonly host: string; readonly port: number; readonly database: string } {
  const { hostname, port, pathname } = new URL(url)
  return {
    host: decodeURIComponent(hostname) || 'localhost',
    port: port === '' ? 5432 : Number(port),
    database: decodeURIComponent(pathname.slice(1)) || 'the default one',
  }
}

/** Where a database is, without what opens it. */
export function addressText(url: string): string {
  const { host, port, database } = addressOf(url)
  return `${host}:${port}/${database}`
}

/** What an error of the driver says, in one line. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0].message
  if (!(error instanceof Error)) return String(error)
  const state = sqlStateOf(error)
  return state === undefined ? error.message : `${error.message} (SQLSTATE ${state})`
}
