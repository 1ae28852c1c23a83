import type { Pool } from 'pg'
import { expect } from 'vitest'
import { schemas } from './write-side.js'

/** An event as the tests look at it. */
export interface EventFact {
  readonly position: bigint
  readonly stream_id: string
  readonly version: bigint
  readonly type: string
  readonly payload: Record<string, unknown>
  readonly metadata: Record<string, unknown>
  readonly occurred_at: Date
  readonly event_id: string
}

/** The events of a stream, or of all, in the order of stream and version. */
export async function eventsIn(pool: Pool, streamId?: string): Promise<readonly EventFact[]> {
  const { rows } = await pool.query<EventFact>(
    `SELECT position, stream_id, version, type, payload, metadata, occurred_at, event_id
     FROM ${schemas.store}.events WHERE $1::text IS NULL OR stream_id = $1 ORDER BY stream_id, version`,
    [streamId ?? null],
  )
  return rows
}

/** How many rows a table of the store holds. */
export async function countOf(pool: Pool, table: string, condition = 'true'): Promise<number> {
  const { rows } = await pool.query<{ rows: bigint }>(
    `SELECT count(*) AS rows FROM ${schemas.store}.${table} WHERE ${condition}`,
  )
  return Number(rows[0]?.rows)
}

/**
 * Checks what holds of a store at any moment: versions dense from 1 up to the stream's head, one work item or one record
 * per event, ascending work items per stream, and a result for every command that stored events.
 */
export async function expectSoundStore(pool: Pool): Promise<void> {
  const store = schemas.store
  const faults: Record<string, string> = {
    'versions that are not 1..n, or a head elsewhere': `
      SELECT s.type, s.id FROM ${store}.streams s LEFT JOIN ${store}.events e ON e.stream_type = s.type AND e.stream_id = s.id
      GROUP BY s.type, s.id, s.version
      HAVING count(e.version) <> s.version OR coalesce(min(e.version), 1) <> 1 OR coalesce(max(e.version), 0) <> s.version`,
    'events of no stream': `
      SELECT e.position FROM ${store}.events e LEFT JOIN ${store}.streams s ON s.type = e.stream_type AND s.id = e.stream_id
      WHERE s.id IS NULL`,
    'events that are neither in the outbox nor in a topic, or more than once': `
      SELECT e.position FROM ${store}.events e
      LEFT JOIN (SELECT event_position FROM ${store}.outbox UNION ALL SELECT event_position FROM ${store}.topic_records) w
        ON w.event_position = e.position
      GROUP BY e.position HAVING count(w.event_position) <> 1`,
    'work items out of order': `
      SELECT id FROM (
        SELECT o.id, e.version, lag(e.version) OVER (PARTITION BY o.topic, o.key ORDER BY o.id) AS before
        FROM ${store}.outbox o JOIN ${store}.events e ON e.position = o.event_position) o
      WHERE before >= version`,
    'commands that stored events and left no result': `
      SELECT e.position FROM ${store}.events e LEFT JOIN ${store}.command_results r ON r.command_id = e.metadata->>'commandId'
      WHERE r.command_id IS NULL`,
    'results whose events are missing': `
      SELECT r.command_id FROM ${store}.command_results r
      LEFT JOIN ${store}.streams s ON s.type = r.stream_type AND s.id = r.stream_id
      WHERE s.version IS NULL OR s.version < r.version`,
  }
  for (const [fault, statement] of Object.entries(faults)) {
    const { rows } = await pool.query<Record<string, unknown>>(statement)
    expect(rows, fault).toEqual([])
  }
}

/** What a topic of the Postgres log holds, in the order of partition and offset. */
export async function recordsIn(
  pool: Pool,
  topic: string,
): Promise<readonly { partition: number; offset: bigint; key: string; version: bigint }[]> {
  const { rows } = await pool.query<{ partition: number; offset: bigint; key: string; version: bigint }>(
    `SELECT r.partition, r.record_offset AS "offset", e.stream_id AS key, e.version
     FROM ${schemas.store}.topics t JOIN ${schemas.store}.topic_records r ON r.topic_id = t.id
     JOIN ${schemas.store}.events e ON e.position = r.event_position
     WHERE t.name = $1 ORDER BY r.partition, r.record_offset`,
    [topic],
  )
  return rows
}

/** Checks a topic of the Postgres log: offsets without gaps, each stream in one partition, its versions in order, each once. */
export async function expectOrderedTopic(pool: Pool, topic: string): Promise<void> {
  const records = await recordsIn(pool, topic)
  for (const partition of new Set(records.map((record) => record.partition))) {
    const offsets = records.filter((record) => record.partition === partition).map(({ offset }) => offset)
    expect(offsets).toEqual(offsets.map((_, index) => BigInt(index)))
  }
  for (const key of new Set(records.map((record) => record.key))) {
    const own = records.filter((record) => record.key === key)
    expect(new Set(own.map(({ partition }) => partition)).size).toBe(1)
    expect(own.map(({ version }) => version)).toEqual(own.map((_, index) => BigInt(index + 1)))
  }
}

/** How many sessions of the database wait for a lock. */
export async function waitingForLocks(pool: Pool): Promise<number> {
  const { rows } = await pool.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  )
  return rows.length
}
