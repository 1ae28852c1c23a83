import type { Pool } from 'pg'
import { OUTBOX_SCOPE, type OutboxTables } from '../../outbox/postgres/index.js'
import { quoted } from '../../postgres/schemas.js'

/** What an outbox shows: what waits in it, what the log refused, and who is there to publish it. */
export interface OutboxLook {
  /** Rows, counted up to {@link MOST_COUNTED} and one. */
  readonly unpublished: bigint
  /** The first row that is not published: it is another one as soon as anything got on there. */
  readonly firstRow: bigint | null
  readonly oldestAgeMs: number | null
  readonly refused: bigint
  /** Why the first of them was refused. */
  readonly refusal: string | null
  readonly heldSlots: bigint
  /** Slots whose owner fell silent, or left. */
  readonly expiredSlots: bigint
  /** Relays that fell silent: they did not leave as one does that stops, and nobody has come in their place. */
  readonly silentRelays: bigint
  readonly relays: bigint
}

/** More than this need not be told apart, and would cost the database more and more. */
export const MOST_COUNTED = 100_000

export async function lookAtOutbox(pool: Pool, tables: OutboxTables): Promise<OutboxLook> {
  const { rows } = await pool.query<OutboxLook>(lookStatement(tables))
  const [look] = rows
  if (look === undefined) throw new Error('a statement without a table gave no row')
  return look
}

/** The oldest by id is the oldest by time but for what was drawn at once. */
function lookStatement(tables: OutboxTables): string {
  const s = quoted(tables.schema)
  const { leases, members } = tables
  const scoped = `scope = '${OUTBOX_SCOPE}' AND expires_at`
  return `
SELECT (SELECT count(*) FROM (SELECT FROM ${s}.outbox LIMIT ${MOST_COUNTED + 1}) o) AS unpublished,
       (SELECT count(*) FROM (SELECT FROM ${s}.parked_outbox LIMIT ${MOST_COUNTED + 1}) o) AS refused,
       (SELECT reason FROM ${s}.parked_outbox WHERE reason IS NOT NULL ORDER BY id LIMIT 1) AS refusal,
       (SELECT count(*) FROM ${s}.${leases} WHERE ${scoped} > clock_timestamp()) AS "heldSlots",
       (SELECT count(*) FROM ${s}.${leases} WHERE ${scoped} <= clock_timestamp()) AS "expiredSlots",
       (SELECT count(DISTINCT member) FROM ${s}.${members} WHERE ${scoped} > clock_timestamp()) AS relays,
       (SELECT count(DISTINCT member) FROM ${s}.${members} WHERE ${scoped} <= clock_timestamp()) AS "silentRelays",
       o.id AS "firstRow",
       (extract(epoch FROM clock_timestamp() - o.recorded_at) * 1000)::double precision AS "oldestAgeMs"
FROM (SELECT) once
LEFT JOIN LATERAL (${oldestRow(tables)}) o ON true`
}

/** The store's rows are as old as the events that they point at. */
function oldestRow({ schema, content }: OutboxTables): string {
  const s = quoted(schema)
  return content.includes('event_position')
    ? `SELECT o.id, e.recorded_at FROM (SELECT id, event_position FROM ${s}.outbox ORDER BY id LIMIT 1) o
       LEFT JOIN ${s}.events e ON e.position = o.event_position`
    : `SELECT id, recorded_at FROM ${s}.outbox ORDER BY id LIMIT 1`
}
