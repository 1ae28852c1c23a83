import type { Metadata, StoredEvent } from '../core/envelope.js'

/** A row of `events` as {@link STORED_EVENT_COLUMNS} selects it. */
export interface StoredEventRow {
  readonly position: bigint
  readonly stream_type: string
  readonly stream_id: string
  readonly version: bigint
  readonly event_id: string
  readonly type: string
  readonly schema_version: number
  readonly payload: string
  readonly metadata: Metadata
  readonly occurred_at: Date
  readonly recorded_at: Date
}

/** The payload is read as text: it is parsed once, into its event class, and a topic takes the text as it is. */
export const STORED_EVENT_COLUMNS =
  'e.position, e.stream_type, e.stream_id, e.version, e.event_id, e.type, e.schema_version, ' +
  'e.payload::text AS payload, e.metadata, e.occurred_at, e.recorded_at'

export const storedEventOf = (row: StoredEventRow): StoredEvent => ({
  position: row.position,
  eventId: row.event_id,
  stream: { type: row.stream_type, id: row.stream_id },
  version: Number(row.version),
  type: row.type,
  schemaVersion: row.schema_version,
  payload: row.payload,
  metadata: row.metadata,
  occurredAt: row.occurred_at,
  recordedAt: row.recorded_at,
})
