import type pg from 'pg'
import type { EventFact } from '../facts.js'
import { rowsOf } from '../servers/databases.js'

const PAGE = 5_000

interface EventRow extends Omit<EventFact, 'version'> {
  readonly version: string
}

/** All events of the store by position. */
export async function* eventsOf(client: pg.Client, store: string): AsyncIterable<EventFact> {
  let after = '-1'
  for (;;) {
    const rows = await rowsOf<EventRow>(
      client,
      `SELECT position::text, stream_type AS "streamType", stream_id AS "streamId", version::text,
         event_id::text AS "eventId", type, schema_version AS "schemaVersion", payload::text, metadata,
         (extract(epoch FROM occurred_at) * 1000)::float8 AS "occurredAt",
         (extract(epoch FROM recorded_at) * 1000)::float8 AS "recordedAt"
       FROM ${store}.events e WHERE e.position > $1 ORDER BY e.position LIMIT ${PAGE}`,
      [after],
    )
    for (const row of rows) yield { ...row, version: Number(row.version) }
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.position
  }
}
