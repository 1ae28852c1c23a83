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

/** Without what was reserved: no topic carries that, and from the store a projection is to get what it gets from there. */
const METADATA = `e.metadata - 'reservations'`

/** The payload is read as text: it is parsed once, into its event class, and a topic takes the text as it is. */
export const STORED_EVENT_COLUMNS =
  'e.position, e.stream_type, e.stream_id, e.version, e.event_id, e.type, e.schema_version, ' +
  `e.payload::text AS payload, ${METADATA} AS metadata, e.occurred_at, e.recorded_at`

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

/** A row of `events` as {@link STORED_EVENT_COLUMNS_AS_TEXT} selects it. */
export type StoredEventTextRow = Readonly<Record<keyof StoredEventRow, string>>

/** For a connection of somebody else's, whose type parsers and time zone are not known. Times are in milliseconds. */
export const STORED_EVENT_COLUMNS_AS_TEXT =
  'e.position::text, e.stream_type, e.stream_id, e.version::text, e.event_id::text, e.type, e.schema_version::text, ' +
  `e.payload::text, (${METADATA})::text AS metadata, (extract(epoch FROM e.occurred_at) * 1000)::bigint::text AS occurred_at, ` +
  '(extract(epoch FROM e.recorded_at) * 1000)::bigint::text AS recorded_at'

export const storedEventOfText = (row: StoredEventTextRow): StoredEvent =>
  storedEventOf({
    ...row,
    position: BigInt(row.position),
    version: BigInt(row.version),
    schema_version: Number(row.schema_version),
    metadata: JSON.parse(row.metadata) as Metadata,
    occurred_at: new Date(Number(row.occurred_at)),
    recorded_at: new Date(Number(row.recorded_at)),
  })
