import { quoted } from '../../postgres/schemas.js'
import type { ColumnModel, TableProjectionModel } from '../projection-model.js'
import { codecOf } from './column-codec.js'

/** The type under which Postgres keeps the values of a column. */
export function columnType(column: ColumnModel): string {
  return codecOf(column).type
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
