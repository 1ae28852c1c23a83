import type pg from 'pg'
import type { CheckpointFact, LetterFact, ProjectionFact, ReadingFacts } from '../facts.js'
import { rowsOf } from '../servers/databases.js'

interface GenerationRow {
  readonly name: string
  readonly generation: number
  readonly live: boolean
  readonly follows: ProjectionFact['follows']
  readonly state: string
  readonly failure: string | null
  readonly schema: string
}

/** Read models and everything that says how far they are. The client is in a snapshot. */
export async function readingOf(client: pg.Client, read: string): Promise<ReadingFacts> {
  const generations = await rowsOf<GenerationRow>(
    client,
    `SELECT g.projection AS name, g.generation, p.live_generation = g.generation AS live, g.state, g.failure,
       g.schema_name AS schema,
       CASE WHEN g.inline_types IS NOT NULL THEN 'inline'
         WHEN EXISTS (SELECT FROM ${read}.checkpoints c WHERE c.projection = g.projection AND c.generation = g.generation
           AND c.topic LIKE 'store:%') THEN 'ordered' ELSE 'stream' END AS follows
     FROM ${read}.generations g JOIN ${read}.projections p ON p.name = g.projection ORDER BY 1, 2`,
  )
  const projections: ProjectionFact[] = []
  for (const { schema, ...own } of generations) {
    const of = [own.name, own.generation]
    projections.push({
      ...own,
      checkpoints: await rowsOf<CheckpointFact>(
        client,
        `SELECT topic, partition, next_offset::text AS "nextOffset", epoch::text FROM ${read}.checkpoints
         WHERE projection = $1 AND generation = $2 ORDER BY topic, partition`,
        of,
      ),
      guards: await rowsOf<{ stream: string; version: number }>(
        client,
        `SELECT stream, version::int4 AS version FROM ${read}.guards
         WHERE projection = $1 AND generation = $2 ORDER BY stream`,
        of,
      ),
      letters: await lettersOf(client, read, of),
      discards: await discardsOf(client, read, own.name),
      tables: await tablesOf(client, schema),
    })
  }
  return { takenAt: Date.now(), projections }
}

async function lettersOf(client: pg.Client, read: string, of: unknown[]): Promise<readonly LetterFact[]> {
  return rowsOf<LetterFact>(
    client,
    `SELECT id::text, sequence_key AS "sequenceKey", topic, partition, record_offset::text AS "offset",
       event_id AS "eventId", stream, version::int4 AS version, type, error_class AS "errorClass",
       error_message AS "errorMessage", attempts, headers, replace(encode(value, 'base64'), E'\\n', '') AS value
     FROM ${read}.parked_events WHERE projection = $1 AND generation = $2 ORDER BY parked_events.id`,
    of,
  )
}

async function discardsOf(client: pg.Client, read: string, projection: string): Promise<readonly string[]> {
  const rows = await rowsOf<{ id: string }>(
    client,
    `SELECT event_id AS id FROM ${read}.discards WHERE projection = $1 ORDER BY 1`,
    [projection],
  )
  return rows.map(({ id }) => id)
}

/** Every value as text, so that none loses a digit. */
async function tablesOf(client: pg.Client, schema: string): Promise<ProjectionFact['tables']> {
  const names = await rowsOf<{ table: string; columns: string[] }>(
    client,
    `SELECT table_name AS "table", array_agg(column_name::text ORDER BY ordinal_position) AS columns
     FROM information_schema.columns WHERE table_schema = $1 GROUP BY 1 ORDER BY 1`,
    [schema],
  )
  const tables: Record<string, readonly Readonly<Record<string, unknown>>[]> = {}
  for (const { table, columns } of names) {
    const shown = columns.map((it) => `t."${it}"::text`).join(', ')
    const order = columns.slice(0, 2).map((it) => `t."${it}"`)
    const statement = `SELECT ${shown} FROM "${schema}"."${table}" t ORDER BY ${order.join(', ')}`
    tables[table] = await rowsOf(client, statement)
  }
  return tables
}
