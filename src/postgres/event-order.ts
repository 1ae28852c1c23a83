import type { Pool, PoolClient } from 'pg'
import type { EventOrder, OpenAppend, UnsettledOrder } from '../core/ports/event-order.js'
import { appendOrderKey, lockOutAppendsStatement } from './append-order.js'
import { inTransaction } from './pool.js'
import { quoted } from './schemas.js'
import { SQL_STATE, sqlStateOf } from './sql-state.js'

/** Milliseconds that appends may queue behind one question, over all stream types that it is about. */
const PATIENCE = 25

/**
 * Finds the settled end under the exclusive side of the lock that appends hold shared. Whoever has it knows that no
 * append of these types is under way; whatever comes later draws higher positions.
 *
 * Where appends always take longer than it may wait, they would keep it out for good. So it then looks who they are: when
 * these are over, all is committed that has a position up to the head as it was before it looked.
 */
export class PostgresEventOrder implements EventOrder {
  readonly #pool: Pool
  readonly #sql: ReturnType<typeof statements>

  constructor(pool: Pool, store: string) {
    this.#pool = pool
    this.#sql = statements(store)
  }

  async settledUpTo(
    streamTypes: readonly string[],
    unsettled?: UnsettledOrder,
  ): Promise<bigint | UnsettledOrder> {
    if (unsettled === undefined) return this.#settledByLock(streamTypes)
    const underWay = new Set((await this.#appends(streamTypes)).map(({ transaction }) => transaction))
    const appends = unsettled.appends.filter(({ transaction }) => underWay.has(transaction))
    return appends.length === 0 ? unsettled.upTo : { ...unsettled, appends }
  }

  async #settledByLock(streamTypes: readonly string[]): Promise<bigint | UnsettledOrder> {
    try {
      const find = async (client: PoolClient): Promise<bigint> => {
        await client.query(this.#sql.lock, [[...streamTypes].sort()])
        return this.#head(client)
      }
      // The time-out is one of each lock.
      return await inTransaction(
        this.#pool,
        find,
        begin(Math.ceil(PATIENCE / Math.max(1, streamTypes.length))),
      )
    } catch (error) {
      if (sqlStateOf(error) !== SQL_STATE.lockNotAvailable) throw error
      // In this order: an append that has drawn a position up to the head is among those listed, or over.
      const upTo = await this.#head(this.#pool)
      return { upTo, appends: await this.#appends(streamTypes) }
    }
  }

  async #head(db: Pool | PoolClient): Promise<bigint> {
    const { rows } = await db.query<{ position: bigint }>(this.#sql.head)
    return rows[0]?.position ?? 0n
  }

  async #appends(streamTypes: readonly string[]): Promise<readonly OpenAppend[]> {
    const { rows } = await this.#pool.query<AppendRow>(this.#sql.appends, [streamTypes])
    return rows.map(({ age, ...append }) => ({ ...append, age: age ?? undefined }))
  }
}

interface AppendRow extends Omit<OpenAppend, 'age'> {
  readonly age: number | null
}

/** READ COMMITTED, whatever the server's default: with one snapshot for all, appends that were waited for are not in it. */
const begin = (lockTimeout: number): string =>
  `BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SET LOCAL lock_timeout = '${lockTimeout}ms'`

const statements = (store: string) => {
  const keys = `SELECT ${appendOrderKey(store, 't.type')} AS key FROM unnest($1::text[]) AS t (type)`
  return {
    lock: lockOutAppendsStatement(store),

    /** A statement of its own: its snapshot is taken while the lock is held. */
    head: `SELECT coalesce(max(position), 0) AS position FROM ${quoted(store)}.events`,

    /** $1 stream types. A key of 64 bits is listed as two numbers of 32. A prepared transaction has no session. */
    appends: `
SELECT l.virtualtransaction AS transaction, coalesce(l.pid, 0) AS pid,
       coalesce(a.application_name, '') AS application, coalesce(a.usename::text, '') AS "user",
       extract(epoch FROM clock_timestamp() - a.xact_start)::double precision AS age
FROM pg_locks l
LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.mode = 'ShareLock' AND l.granted
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND ((l.classid::bigint << 32) | l.objid::bigint) IN (${keys})
ORDER BY a.xact_start`,
  }
}
