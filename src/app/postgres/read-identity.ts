import type { Pool } from 'pg'
import { ConfigurationError } from '../../core/errors/index.js'
import { quoted } from '../../postgres/schemas.js'

/**
 * Records whose read side this is at first use, and refuses any other app later: two apps in one schema would share
 * checkpoints of one name without knowing it.
 *
 * @throws {@link ConfigurationError}
 */
export async function claimReadSide(pool: Pool, read: string, app: string): Promise<void> {
  await pool.query(claimStatement(read), [app])
  await requireReadSide(pool, read, app)
}

/** Refuses any other app than the recorded one. Records nothing. @throws {@link ConfigurationError} */
export async function requireReadSide(pool: Pool, read: string, app: string): Promise<void> {
  const { rows } = await pool.query<{ owner: string }>(ownerStatement(read))
  const owner = rows[0]?.owner
  if (owner === undefined || owner === app) return
  throw new ConfigurationError(
    'REPRISE_SCHEMA_PREFIX',
    `leads to the read side of the app ${owner}, and this one is ${app}: give each app a prefix or a database of its own`,
  )
}

/** $1 app. */
const claimStatement = (read: string): string =>
  `INSERT INTO ${quoted(read)}.read_side_settings (name, value) VALUES ('app', $1) ON CONFLICT (name) DO NOTHING`

const ownerStatement = (read: string): string =>
  `SELECT value AS owner FROM ${quoted(read)}.read_side_settings WHERE name = 'app'`
