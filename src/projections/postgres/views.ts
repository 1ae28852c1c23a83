import { CompiledQuery, type Kysely } from 'kysely'
import { quoted } from '../../postgres/schemas.js'

/** A table of a generation, with its columns in order. */
export interface TableShape {
  readonly table: string
  readonly columns: readonly { readonly name: string; readonly type: string }[]
}

/** The tables of a schema, in name order. */
export async function tablesIn(db: Kysely<unknown>, schema: string): Promise<readonly TableShape[]> {
  const { rows } = await db.executeQuery<{ table: string; name: string; type: string }>(
    CompiledQuery.raw(TABLES, [schema]),
  )
  const tables = new Map<string, { name: string; type: string }[]>()
  for (const { table, name, type } of rows) {
    const columns = tables.get(table) ?? []
    tables.set(table, columns)
    columns.push({ name, type })
  }
  return [...tables].map(([table, columns]) => ({ table, columns }))
}

/** One line per table; equal for equal column sets. */
export function shapeOf(tables: readonly TableShape[]): string {
  return tables
    .map(
      ({ table, columns }) => `${table} (${columns.map(({ name, type }) => `${name} ${type}`).join(', ')})`,
    )
    .join('\n')
}

/**
 * Points the public views of a projection at a generation. A view that exists keeps its identity, so that grants,
 * prepared statements and views built on it follow.
 */
export async function pointViewsAt(
  db: Kysely<unknown>,
  publicSchema: string,
  generationSchema: string,
  tables: readonly TableShape[],
): Promise<void> {
  for (const { table, columns } of tables) {
    const list = columns.map(({ name }) => quoted(name)).join(', ')
    const view = `${quoted(publicSchema)}.${quoted(table)}`
    const source = `${quoted(generationSchema)}.${quoted(table)}`
    await db.executeQuery(
      CompiledQuery.raw(`CREATE OR REPLACE VIEW ${view} AS SELECT ${list} FROM ${source}`),
    )
  }
}

/** $1 schema. Ordinary and partitioned tables; a partition is reached through its parent. */
const TABLES = `
SELECT c.relname AS "table", a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY c.relname, a.attnum`
