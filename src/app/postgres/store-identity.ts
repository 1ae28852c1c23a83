import type { Pool } from 'pg'
import { LogMismatch } from '../../core/errors/index.js'
import { quoted } from '../../postgres/schemas.js'

/** This store's own id, which goes with every record it publishes. */
export async function storeIdOf(pool: Pool, store: string): Promise<string> {
  const { rows } = await pool.query<{ value: string }>(
    `SELECT value FROM ${quoted(store)}.settings WHERE name = 'store_id'`,
  )
  if (rows[0] === undefined)
    throw new Error(`schema ${store} has lost its store_id: restore its settings table from a backup`)
  return rows[0].value
}

/** The log that this store publishes into, or nothing before its first start. */
export async function recordedLog(pool: Pool, store: string): Promise<string | undefined> {
  const { rows } = await pool.query<{ value: string }>(
    `SELECT value FROM ${quoted(store)}.settings WHERE name = 'log'`,
  )
  return rows[0]?.value
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

/** Refuses any other log than the recorded one. Records nothing. */
export async function requireLog(pool: Pool, store: string, identity: string, wayOut: string): Promise<void> {
  const recorded = await recordedLog(pool, store)
  if (recorded !== undefined && recorded !== identity) throw new LogMismatch(recorded, identity, wayOut)
}
