import type { Pool } from 'pg'
import { ConfigurationError, LogMismatch } from '../../core/errors/index.js'
import { quoted } from '../../postgres/schemas.js'

/** This store's own id, which goes with every record it publishes. */
export async function storeIdOf(pool: Pool, store: string): Promise<string> {
  const id = await settingOf(pool, store, 'store_id')
  if (id === undefined)
    throw new Error(`schema ${store} has lost its store_id: restore its settings table from a backup`)
  return id
}

/**
 * Records whose store this is at first use, and refuses any other app later: two apps in one pair of schemas would
 * share streams and checkpoints of one name without knowing it.
 */
export async function claimForApp(pool: Pool, store: string, app: string): Promise<void> {
  await pool.query(
    `INSERT INTO ${quoted(store)}.settings (name, value) VALUES ('app', $1) ON CONFLICT (name) DO NOTHING`,
    [app],
  )
  await requireApp(pool, store, app)
}

/** Refuses any other app than the recorded one. Records nothing. */
export async function requireApp(pool: Pool, store: string, app: string): Promise<void> {
  const owner = await settingOf(pool, store, 'app')
  if (owner === undefined || owner === app) return
  throw new ConfigurationError(
    'REPRISE_SCHEMA_PREFIX',
    `leads to the store of the app ${owner}, and this one is ${app}: give each app a prefix or a database of its own`,
  )
}

/** The log that this store publishes into, or nothing before its first start. */
export async function recordedLog(pool: Pool, store: string): Promise<string | undefined> {
  return settingOf(pool, store, 'log')
}

/**
 * Records the log at first use, and refuses any other one later: a forgotten variable must never publish events into
 * the wrong log.
 */
export async function claimLog(pool: Pool, store: string, identity: string, wayOut: string): Promise<void> {
  await pool.query(
    `INSERT INTO ${quoted(store)}.settings (name, value) VALUES ('log', $1) ON CONFLICT (name) DO NOTHING`,
    [identity],
  )
  await requireLog(pool, store, identity, wayOut)
}

/** Refuses any other log than the recorded one, and answers whether one is. Records nothing. */
export async function requireLog(
  pool: Pool,
  store: string,
  identity: string,
  wayOut: string,
): Promise<boolean> {
  const recorded = await recordedLog(pool, store)
  if (recorded !== undefined && recorded !== identity) throw new LogMismatch(recorded, identity, wayOut)
  return recorded !== undefined
}

async function settingOf(pool: Pool, store: string, name: string): Promise<string | undefined> {
  const { rows } = await pool.query<{ value: string }>(
    `SELECT value FROM ${quoted(store)}.settings WHERE name = $1`,
    [name],
  )
  return rows[0]?.value
}
