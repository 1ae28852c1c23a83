import type { FieldKind } from '../../core/fields/field.js'
import { quoted } from '../../postgres/schemas.js'
import type { ColumnModel, TableProjectionModel } from '../projection-model.js'

/** How values of a field are kept in Postgres: lossless, and ordered there as in the domain. */
const COLUMN_TYPES = {
  string: 'text',
  int: 'integer',
  long: 'bigint',
  boolean: 'boolean',
  uuid: 'uuid',
  timestamp: 'timestamptz(3)',
  date: 'date',
  enumeration: 'text',
} as const satisfies Record<FieldKind, string>

export function columnType({ field }: ColumnModel): string {
  return COLUMN_TYPES[field.kind]
}

/** The statements that create the table of a generation. */
export function tableStatements(
  { table, key, columns, indexes }: TableProjectionModel,
  schema: string,
): readonly string[] {
  const name = `${quoted(schema)}.${quoted(table)}`
  const lines = columns.map((column) => {
    const constraint = column.field.optional ? '' : ' NOT NULL'
    return `  ${quoted(column.name)} ${columnType(column)}${constraint}`
  })
  return [
    `CREATE TABLE ${name} (\n${lines.join(',\n')},\n  PRIMARY KEY (${quoted(key)})\n)`,
    ...indexes.map((index) => `CREATE INDEX ON ${name} (${index.map(quoted).join(', ')})`),
  ]
}

/** Equal for equal tables: tells whether a generation still has the columns that the code declares. */
export function declaredShape({ table, key, columns }: TableProjectionModel): string {
  const list = columns.map(
    (column) => `${column.name} ${columnType(column)}${column.field.optional ? ' null' : ''}`,
  )
  return `${table} key ${key} (${list.join(', ')})`
}
