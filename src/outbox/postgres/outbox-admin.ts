import type { Pool, PoolClient } from 'pg'
import { inTransaction } from '../../postgres/pool.js'
import { quoted } from '../../postgres/schemas.js'
import { OUTBOX_SCOPE, outboxColumns, type OutboxTables } from './outbox-tables.js'

/** What waits to be published, by whom, and what was put aside. */
export interface OutboxStatus {
  readonly pending: number
  /** When the row that has waited longest was written. */
  readonly oldest: Date | undefined
  readonly slots: readonly SlotStatus[]
  readonly parked: readonly ParkedGroup[]
}

/** A slot that has rows or an owner. */
export interface SlotStatus {
  readonly slot: number
  readonly pending: number
  /** Undefined while nobody holds it. */
  readonly owner: string | undefined
  readonly expiresAt: Date | undefined
}

/** The parked rows of one topic and key. */
export interface ParkedGroup {
  readonly topic: string
  readonly key: string
  readonly rows: number
  /** Why the first of them was refused. */
  readonly reason: string
  readonly since: Date
}

/** Parked rows by topic and key, or all of them. */
export type ParkedSelection = 'all' | { readonly topic: string; readonly key: string }

/** Whoever sends rows back, for the audit. */
export interface RetryRequest {
  readonly selection: ParkedSelection
  readonly actor: string
}

/** The outbox of one side, as operators see it. */
export class PostgresOutboxAdmin {
  readonly #pool: Pool
  readonly #sql: ReturnType<typeof statements>

  constructor(pool: Pool, tables: OutboxTables) {
    this.#pool = pool
    this.#sql = statements(tables)
  }

  /** From one snapshot. */
  status(): Promise<OutboxStatus> {
    return inTransaction(
      this.#pool,
      async (client) => {
        const { rows: slots } = await client.query<SlotRow>(this.#sql.slots)
        const { rows: oldest } = await client.query<{ oldest: Date }>(this.#sql.oldest)
        return {
          pending: slots.reduce((sum, { pending }) => sum + Number(pending), 0),
          oldest: oldest[0]?.oldest,
          slots: slots.map(slotOf),
          parked: await this.#parked(client),
        }
      },
      'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
    )
  }

  /**
   * Sends parked rows back into the outbox, with their own ids, so that they are published before everything that came
   * later of their key. One that is refused again is parked again. Answers how many rows that are.
   */
  retry({ selection, actor }: RetryRequest): Promise<number> {
    const { topic, key } = selection === 'all' ? { topic: null, key: null } : selection
    return inTransaction(this.#pool, async (client) => {
      await client.query(this.#sql.lock)
      const { rowCount } = await client.query(this.#sql.retry, [topic, key])
      const rows = rowCount ?? 0
      const target = selection === 'all' ? { rows } : { topic, key, rows }
      await client.query(this.#sql.audit, [actor, 'outbox retry', JSON.stringify(target)])
      return rows
    })
  }

  async #parked(client: PoolClient): Promise<readonly ParkedGroup[]> {
    const { rows } = await client.query<Omit<ParkedGroup, 'rows'> & { rows: bigint }>(this.#sql.parked)
    return rows.map((group) => ({ ...group, rows: Number(group.rows) }))
  }
}

interface SlotRow {
  readonly slot: number
  readonly pending: bigint
  readonly owner: string | null
  readonly expires_at: Date | null
}

const slotOf = ({ slot, pending, owner, expires_at }: SlotRow): SlotStatus => ({
  slot,
  pending: Number(pending),
  owner: owner ?? undefined,
  expiresAt: expires_at ?? undefined,
})

const statements = (tables: OutboxTables) => {
  const s = quoted(tables.schema)
  const columns = outboxColumns(tables)
  return {
    slots: `
SELECT slot, coalesce(pending, 0) AS pending, owner, expires_at
FROM (SELECT slot::integer, count(*) AS pending FROM ${s}.outbox GROUP BY slot) o
FULL JOIN (
  SELECT item AS slot, owner, expires_at FROM ${s}.${tables.leases}
  WHERE scope = '${OUTBOX_SCOPE}' AND expires_at > clock_timestamp()
) l USING (slot)
ORDER BY slot`,

    oldest: tables.content.includes('event_position')
      ? `SELECT e.recorded_at AS oldest FROM ${s}.outbox o JOIN ${s}.events e ON e.position = o.event_position
         ORDER BY o.id LIMIT 1`
      : `SELECT recorded_at AS oldest FROM ${s}.outbox ORDER BY id LIMIT 1`,

    parked: `
SELECT topic, key, count(*) AS rows, min(parked_at) AS since,
  coalesce((array_agg(reason ORDER BY id) FILTER (WHERE reason IS NOT NULL))[1], '') AS reason
FROM ${s}.parked_outbox GROUP BY topic, key ORDER BY min(id)`,

    /** A relay that is about to park a row behind one of these looks again when this is committed. */
    lock: `LOCK TABLE ${s}.parked_outbox IN SHARE ROW EXCLUSIVE MODE`,

    /** $1 topic, $2 key, or null and null for all. */
    retry: `
WITH back AS (
  DELETE FROM ${s}.parked_outbox WHERE $1::text IS NULL OR (topic = $1 AND key = $2) RETURNING ${columns}
)
INSERT INTO ${s}.outbox (${columns}) OVERRIDING SYSTEM VALUE SELECT ${columns} FROM back ORDER BY id`,

    /** $1 actor, $2 action, $3 target. */
    audit: `INSERT INTO ${s}.audit_log (actor, action, target) VALUES ($1, $2, $3::jsonb)`,
  }
}
