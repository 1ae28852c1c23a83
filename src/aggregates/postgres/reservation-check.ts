import type { Pool, PoolClient } from 'pg'
import { TimedOut } from '../../core/errors/index.js'
import type { StreamRef } from '../../core/stream.js'
import { inTransaction } from '../../postgres/pool.js'
import { quoted } from '../../postgres/schemas.js'
import { SQL_STATE, sqlStateOf } from '../../postgres/sql-state.js'

/** A value of which history and the table of reservations say different things. */
export interface ReservationDifference {
  readonly scope: string
  readonly value: string
  /** `missing` in the table, `surplus` in the table, or held by another stream there than history says. */
  readonly kind: 'missing' | 'surplus' | 'otherHolder'
  readonly inHistory: StreamRef | undefined
  readonly inTable: StreamRef | undefined
}

export interface ReservationSummary {
  /** Values that are held, as history says. */
  readonly held: number
  readonly differences: number
}

const PAGE = 1_000

/**
 * Checks the table of reservations against history, and makes it again.
 *
 * Every change of a value is in the metadata of an event of the same commit, whose position was drawn while the value's
 * row was locked until that commit. So per value the changes follow one another by position, each was possible after the
 * one before it, and the last of them alone says who holds the value: nothing need be folded in memory.
 */
export class ReservationCheck {
  readonly #pool: Pool
  readonly #sql: ReturnType<typeof statements>
  readonly #lockTimeout: number

  /** `lockTimeout` is how many milliseconds a repair waits for appends that are under way. */
  constructor(pool: Pool, store: string, lockTimeout = 10_000) {
    this.#pool = pool
    this.#lockTimeout = lockTimeout
    this.#sql = statements(store)
  }

  /**
   * Reports each difference in one snapshot of the store, in the order of scope and value, and changes nothing. Appends go
   * on meanwhile. Reads all events through.
   */
  verify(report: (difference: ReservationDifference) => void): Promise<ReservationSummary> {
    return inTransaction(this.#pool, (client) => this.#compare(client, report), SNAPSHOT)
  }

  /**
   * Makes the table again from history, all or nothing, and reports what was different. Appends that reserve or release
   * wait meanwhile, others go on.
   *
   * @throws {@link TimedOut} when appends under way do not end; nothing is changed then
   */
  async repair(report: (difference: ReservationDifference) => void): Promise<ReservationSummary> {
    try {
      return await inTransaction(this.#pool, async (client) => {
        await client.query(`SET LOCAL lock_timeout = ${this.#lockTimeout}`)
        await client.query(this.#sql.keepAppendsOut)
        const summary = await this.#compare(client, report)
        await client.query(this.#sql.empty)
        await client.query(this.#sql.fill)
        return summary
      })
    } catch (error) {
      if (sqlStateOf(error) === SQL_STATE.lockNotAvailable)
        throw new TimedOut('transactions that reserve or release values to end', this.#lockTimeout)
      throw error
    }
  }

  async #compare(
    client: PoolClient,
    report: (difference: ReservationDifference) => void,
  ): Promise<ReservationSummary> {
    let held = 0
    let differences = 0
    await client.query(this.#sql.openComparison)
    for (;;) {
      const { rows } = await client.query<ComparedRow>(`FETCH ${PAGE} FROM reprise_compared_values`)
      for (const row of rows) {
        const difference = differenceOf(row)
        if (row.history_type !== null) held += 1
        if (difference === undefined) continue
        differences += 1
        report(difference)
      }
      if (rows.length < PAGE) break
    }
    await client.query('CLOSE reprise_compared_values')
    return { held, differences }
  }
}

interface ComparedRow {
  readonly scope: string
  readonly value: string
  readonly history_type: string | null
  readonly history_id: string | null
  readonly table_type: string | null
  readonly table_id: string | null
}

function differenceOf({ scope, value, ...row }: ComparedRow): ReservationDifference | undefined {
  const inHistory = streamOf(row.history_type, row.history_id)
  const inTable = streamOf(row.table_type, row.table_id)
  if (inHistory?.type === inTable?.type && inHistory?.id === inTable?.id) return undefined
  const kind = inTable === undefined ? 'missing' : inHistory === undefined ? 'surplus' : 'otherHolder'
  return { scope, value, kind, inHistory, inTable }
}

const streamOf = (type: string | null, id: string | null): StreamRef | undefined =>
  type === null || id === null ? undefined : { type, id }

const SNAPSHOT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'

const statements = (store: string) => {
  const s = quoted(store)
  const held = `
  SELECT scope, value, stream_type, stream_id FROM (
    SELECT DISTINCT ON (change->>'scope', change->>'value')
           change->>'scope' AS scope, change->>'value' AS value, change->>'kind' AS kind, e.stream_type, e.stream_id
    FROM ${s}.events e, jsonb_array_elements(e.metadata->'reservations') WITH ORDINALITY AS made (change, n)
    WHERE e.metadata ? 'reservations'
    ORDER BY change->>'scope', change->>'value', e.position DESC, n DESC
  ) AS last WHERE kind = 'reserve'`
  return {
    openComparison: `
DECLARE reprise_compared_values NO SCROLL CURSOR FOR
WITH history AS (${held})
SELECT coalesce(h.scope, r.scope) AS scope, coalesce(h.value, r.value) AS value,
       h.stream_type AS history_type, h.stream_id AS history_id, r.stream_type AS table_type, r.stream_id AS table_id
FROM history h FULL JOIN ${s}.reservations r ON r.scope = h.scope AND r.value = h.value
ORDER BY 1, 2`,
    /** Waits for transactions that have changed rows, and lets nobody change one until the end; readers go on. */
    keepAppendsOut: `LOCK TABLE ${s}.reservations IN SHARE ROW EXCLUSIVE MODE`,
    empty: `DELETE FROM ${s}.reservations`,
    fill: `INSERT INTO ${s}.reservations (scope, value, stream_type, stream_id) ${held}`,
  }
}
