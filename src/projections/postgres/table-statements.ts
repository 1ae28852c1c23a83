import { quoted } from '../../postgres/schemas.js'
import type { TableProjectionModel } from '../projection-model.js'
import { codecOf } from './column-codec.js'
import { columnType } from './columns.js'
import { placeholderOf } from './placeholder.js'

/** The statements that fold events into the table of a generation. Keys and values are texts throughout. */
export function foldStatements({ table, key, columns }: TableProjectionModel, schema: string) {
  const name = `${quoted(schema)}.${quoted(table)}`
  const keyName = quoted(key)
  const names = columns.map((column) => quoted(column.name))
  const keyColumn = columns.find((column) => column.name === key)
  const keyType = keyColumn === undefined ? 'text' : columnType(keyColumn)
  const keyText = keyColumn === undefined ? keyName : codecOf(keyColumn).select(`t.${keyName}`)
  const texts = columns.map((column) => {
    const own = quoted(column.name)
    return `${codecOf(column).select(own)} AS ${own}`
  })
  const placeholders = columns.map((column) => (column.name === key ? 'k.key' : placeholderOf(column)))
  const arrays = columns.map((column, index) => `$${index + 1}::${columnType(column)}[]`)
  const changes = names.filter((it) => it !== keyName).map((it) => `${it} = excluded.${it}`)
  return {
    /**
     * $1 keys. Adds a row for each key that has none, answers which these were, and locks all the others: ON CONFLICT DO
     * UPDATE locks a row that its WHERE then leaves as it is. In the order of the keys, so that two transactions that
     * meet wait for one another and never in a circle. What it waited for is seen by the next statement only.
     */
    lock: `
INSERT INTO ${name} AS t (${names.join(', ')})
SELECT ${placeholders.join(', ')} FROM unnest($1::${keyType}[]) AS k (key) ORDER BY k.key
ON CONFLICT (${keyName}) DO UPDATE SET ${keyName} = t.${keyName} WHERE false
RETURNING ${keyText} AS key`,

    /** $1 keys. */
    select: `SELECT ${texts.join(', ')} FROM ${name} WHERE ${keyName} = ANY($1::${keyType}[])`,

    /** One array parameter per column, in the order of the definition. */
    upsert: `
INSERT INTO ${name} (${names.join(', ')})
SELECT * FROM unnest(${arrays.join(', ')})
ON CONFLICT (${keyName}) ${changes.length === 0 ? 'DO NOTHING' : `DO UPDATE SET ${changes.join(', ')}`}`,

    /** $1 keys. */
    delete: `DELETE FROM ${name} WHERE ${keyName} = ANY($1::${keyType}[])`,
  }
}
