import { randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import { inTransaction } from '../../postgres/pool.js'

/**
 * Whether two pools lead to one database, whatever their addresses say: a lock that a session of the one holds is held
 * for the other too. Ids of server and database would also be those of its copies, which are databases of their own.
 */
export function areOneDatabase(one: Pool, other: Pool): Promise<boolean> {
  const key = randomBytes(8).readBigInt64BE()
  return inTransaction(one, async (holder) => {
    await holder.query(LOCK, [key])
    return inTransaction(other, async (rival) => {
      const { rows } = await rival.query<{ free: boolean }>(IS_FREE, [key])
      return rows[0]?.free === false
    })
  })
}

/** $1 key. */
const LOCK = 'SELECT pg_advisory_xact_lock($1)'

/** $1 key. */
const IS_FREE = 'SELECT pg_try_advisory_xact_lock($1) AS free'
