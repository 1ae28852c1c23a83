import type pg from 'pg'
import type { RecordFact, TopicFact } from '../facts.js'
import { rowsOf } from '../servers/databases.js'

const PAGE = 2_000

interface RecordRow {
  readonly offset: string
  readonly key: string
  readonly headers: Readonly<Record<string, string>> | null
  readonly value: string | null
  readonly timestamp: number
  readonly event: EventOfRecord | null
}

interface EventOfRecord {
  readonly id: string
  readonly version: number
  readonly type: string
  readonly stream_type: string
  readonly stream_id: string
  readonly payload: string
}

export async function postgresTopics(client: pg.Client, store: string): Promise<readonly TopicFact[]> {
  return rowsOf<TopicFact>(
    client,
    `SELECT t.name AS topic, p.partition, p.earliest::text, p.next_offset::text AS "end"
     FROM ${store}.topics t JOIN ${store}.topic_partitions p ON p.topic_id = t.id ORDER BY 1, 2`,
  )
}

/** A record that points at an event is shown as a reader would be given it. */
export async function* postgresRecords(
  client: pg.Client,
  store: string,
  app: string,
  topics: readonly TopicFact[],
): AsyncIterable<RecordFact> {
  for (const { topic, partition } of topics)
    for (let from = '0'; ;) {
      const rows = await rowsOf<RecordRow>(
        client,
        `SELECT r.record_offset::text AS "offset", coalesce(r.record_key, e.stream_id, '') AS key, r.headers,
           encode(r.value, 'base64') AS value,
           (extract(epoch FROM coalesce(r.recorded_at, e.recorded_at, 'epoch')) * 1000)::float8 AS timestamp,
           CASE WHEN e.position IS NULL THEN NULL ELSE jsonb_build_object('id', e.event_id, 'version', e.version,
             'type', e.type, 'stream_type', e.stream_type, 'stream_id', e.stream_id, 'payload', e.payload::text) END AS event
         FROM ${store}.topic_records r JOIN ${store}.topics t ON t.id = r.topic_id
         LEFT JOIN ${store}.events e ON e.position = r.event_position
         WHERE t.name = $1 AND r.partition = $2 AND r.record_offset >= $3 ORDER BY r.record_offset LIMIT ${PAGE}`,
        [topic, partition, from],
      )
      for (const row of rows) yield { topic, partition, ...shown(row, app) }
      const last = rows.at(-1)
      if (last === undefined) break
      from = (BigInt(last.offset) + 1n).toString()
    }
}

function shown({ event, offset, key, headers, value, timestamp }: RecordRow, app: string) {
  // The base64 of Postgres is broken into lines.
  if (event === null)
    return { offset, key, headers: headers ?? {}, value: value?.replaceAll('\n', '') ?? null, timestamp }
  const own = {
    ce_id: event.id,
    ce_sequence: String(event.version).padStart(19, '0'),
    ce_type: event.type,
    ce_source: `/${app}/${event.stream_type}`,
    ce_subject: event.stream_id,
  }
  return { offset, key, headers: own, value: Buffer.from(event.payload).toString('base64'), timestamp }
}
