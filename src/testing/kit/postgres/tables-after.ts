import { CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import type { Envelope } from '../../../core/envelope.js'
import type { EventInstance } from '../../../core/event.js'
import { createPool } from '../../../postgres/pool.js'
import { quoted } from '../../../postgres/schemas.js'
import { type Generation, generationSchema } from '../../../projections/generation.js'
import type { ProjectionModel, TableProjectionModel } from '../../../projections/index.js'
import { codecOf } from '../../../projections/postgres/column-codec.js'
import { createTables } from '../../../projections/postgres/generation-tables.js'
import { SqlProjector } from '../../../projections/postgres/sql-projector.js'
import { TableProjector } from '../../../projections/postgres/table-projector.js'
import { HandlerFailed, type Subscriber } from '../../../subscriptions/index.js'
import type { ReadTransaction } from '../../../subscriptions/postgres/index.js'
import { handlerFailed } from '../handler-failed.js'
import type { FoundRows, RowValues } from '../rows.js'
import { silentLogger } from '../silent-logger.js'

type Envelopes = readonly Envelope<EventInstance>[]

/** Longer than a debugger may stand in a handler. */
const PATIENCE = 600_000

/** Makes a projection's tables in a database, applies the events, each in a transaction, and reads what came of it. */
export async function tablesAfter(
  url: string,
  model: ProjectionModel,
  create: () => object,
  envelopes: Envelopes,
): Promise<readonly FoundRows[]> {
  const pool = createPool({
    url,
    applicationName: 'reprise testing',
    size: 1,
    idleInTransaction: PATIENCE,
    logger: silentLogger,
  })
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  try {
    const schema = generationSchema('test', model.name, 1)
    await db.transaction().execute((tx) => createTables(tx, model, schema))
    const projector = projectorOf(model, { projection: model.name, generation: 1, schema }, create)
    for (const envelope of envelopes)
      if (projector.handles.has(envelope.type)) await apply(db, projector, envelope)
    return await (model.kind === 'table' ? tableRows(db, model, schema) : allTables(db, schema))
  } finally {
    await db.destroy()
  }
}

function projectorOf(
  model: ProjectionModel,
  generation: Generation,
  create: () => object,
): Subscriber<ReadTransaction> {
  return model.kind === 'table'
    ? new TableProjector(model, generation, create)
    : new SqlProjector(model, generation, create)
}

async function apply(
  db: Kysely<unknown>,
  projector: Subscriber<ReadTransaction>,
  envelope: Envelope<EventInstance>,
): Promise<void> {
  try {
    await db.transaction().execute((tx) => projector.apply(tx, [envelope]))
  } catch (error) {
    if (!(error instanceof HandlerFailed)) throw error
    throw handlerFailed(`the handler of ${envelope.type} in ${projector.name}`, error)
  }
}

/** As handlers see them, whatever the driver would make of the columns. */
async function tableRows(
  db: Kysely<unknown>,
  model: TableProjectionModel,
  schema: string,
): Promise<readonly FoundRows[]> {
  const { table, key } = model
  const codecs = model.columns.map((column) => [column.name, codecOf(column)] as const)
  const columns = codecs.map(([name, codec]) => `${codec.select(quoted(name))} AS ${quoted(name)}`)
  const texts = await all<Record<string, string | null>>(
    db,
    `SELECT ${columns.join(', ')} FROM ${quoted(schema)}.${quoted(table)}`,
  )
  const rows = texts.map((row) =>
    Object.fromEntries(codecs.map(([name, codec]) => [name, codec.read(row[name] ?? null)])),
  )
  return [{ table, key: [key], rows }]
}

async function allTables(db: Kysely<unknown>, schema: string): Promise<readonly FoundRows[]> {
  const tables = await all<{ table: string; key: readonly string[] }>(db, TABLES, [schema])
  const found: FoundRows[] = []
  for (const { table, key } of tables)
    found.push({ table, key, rows: await all(db, `SELECT * FROM ${quoted(schema)}.${quoted(table)}`) })
  return found
}

/** $1 schema. The columns of each table's primary key, in its order; none where there is no such key. */
const TABLES = `
SELECT c.relname::text AS "table", ARRAY(
  SELECT a.attname::text FROM pg_index i
  CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (number, place)
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
  WHERE i.indrelid = c.oid AND i.indisprimary
  ORDER BY k.place
) AS key
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY c.relname`

async function all<T extends RowValues>(
  db: Kysely<unknown>,
  statement: string,
  values: readonly unknown[] = [],
): Promise<readonly T[]> {
  const { rows } = await db.executeQuery<T>(CompiledQuery.raw(statement, [...values]))
  return rows
}
