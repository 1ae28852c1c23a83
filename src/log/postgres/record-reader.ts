import type { Pool } from 'pg'
import type { EventEncoding } from '../../core/event-encoding.js'
import { quoted } from '../../postgres/schemas.js'
import { STORED_EVENT_COLUMNS, storedEventOf, type StoredEventRow } from '../../postgres/stored-event-row.js'
import type { Lane } from '../lane-consumer.js'
import type { LogRecord } from '../log-record.js'

interface RecordRow extends StoredEventRow {
  readonly record_offset: bigint
}

/** Reads the records of a partition by following each to its event. */
export class RecordReader {
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
    const event = storedEventOf(row)
    const { headers, value } = this.#encoding.encode(event)
    return {
      topic,
      partition,
      offset: row.record_offset,
      key: event.stream.id,
      headers,
      value,
      timestamp: event.recordedAt,
    }
  }
}

/** $1 topic, $2 partition, $3 first offset, $4 limit. A range of the records' primary key, one event look-up per record. */
const readStatement = (store: string): string => `
SELECT r.record_offset, ${STORED_EVENT_COLUMNS}
FROM ${quoted(store)}.topics t
JOIN ${quoted(store)}.topic_records r ON r.topic_id = t.id
JOIN ${quoted(store)}.events e ON e.position = r.event_position
WHERE t.name = $1 AND r.partition = $2 AND r.record_offset >= $3
ORDER BY r.record_offset LIMIT $4`
