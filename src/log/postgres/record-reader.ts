import type { Pool } from 'pg'
import type { EventEncoding } from '../../core/event-encoding.js'
import { quoted } from '../../postgres/schemas.js'
import { STORED_EVENT_COLUMNS, storedEventOf, type StoredEventRow } from '../../postgres/stored-event-row.js'
import type { Lane } from '../lane-consumer.js'
import type { LogRecord } from '../log-record.js'
import type { LaneSource } from './lane-source.js'

/** Of a record that points at an event, or of one that carries all of itself. */
type RecordRow = { readonly record_offset: bigint } & (
  | (StoredEventRow & { readonly record_key: null })
  | {
      readonly record_key: string
      readonly record_headers: Readonly<Record<string, string>>
      readonly record_value: Buffer | null
      readonly record_time: Date
    }
)

/** Reads the records of a partition, following each to its event where it points at one. */
export class RecordReader implements LaneSource {
  readonly dense = true
  readonly #pool: Pool
  readonly #statement: string
  readonly #encoding: EventEncoding

  constructor(pool: Pool, store: string, encoding: EventEncoding) {
    this.#pool = pool
    this.#statement = readStatement(store)
    this.#encoding = encoding
  }

  /** At most `limit` records from `offset` on, in offset order. */
  async read(lane: Lane, offset: bigint, limit: number): Promise<readonly LogRecord[]> {
    const { rows } = await this.#pool.query<RecordRow>({
      name: 'reprise-read-lane',
      text: this.#statement,
      values: [lane.topic, lane.partition, offset, limit],
    })
    return rows.map((row) => this.#recordOf(lane, row))
  }

  #recordOf({ topic, partition }: Lane, row: RecordRow): LogRecord {
    const place = { topic, partition, offset: row.record_offset }
    if (row.record_key !== null) {
      const { record_key: key, record_headers: headers, record_value: value, record_time: timestamp } = row
      return { ...place, key, headers, value, timestamp }
    }
    const event = storedEventOf(row)
    const { headers, value } = this.#encoding.encode(event)
    return { ...place, key: event.stream.id, headers, value, timestamp: event.recordedAt }
  }
}

/**
 * $1 topic, $2 partition, $3 first offset, $4 limit. A range of the records' primary key, one event look-up per record. A
 * record that points at no event is left out, and its reader stops at the hole, as it has to: history is damaged there.
 */
const readStatement = (store: string): string => `
SELECT r.record_offset, r.record_key, r.headers AS record_headers, r.value AS record_value,
  r.recorded_at AS record_time, ${STORED_EVENT_COLUMNS}
FROM ${quoted(store)}.topics t
JOIN ${quoted(store)}.topic_records r ON r.topic_id = t.id
LEFT JOIN ${quoted(store)}.events e ON e.position = r.event_position
WHERE t.name = $1 AND r.partition = $2 AND r.record_offset >= $3
  AND (e.position IS NOT NULL OR r.event_position IS NULL)
ORDER BY r.record_offset LIMIT $4`
