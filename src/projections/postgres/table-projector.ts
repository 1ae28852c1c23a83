import { CompiledQuery } from 'kysely'
import type { Envelope } from '../../core/envelope.js'
import type { EventInstance } from '../../core/event.js'
import { quoted } from '../../postgres/schemas.js'
import type { Subscriber } from '../../subscriptions/index.js'
import type { ReadTransaction } from '../../subscriptions/postgres/index.js'
import { fold, type FoldedRow } from '../fold.js'
import type { Generation } from '../generation.js'
import type { TableProjectionModel } from '../projection-model.js'
import { columnType } from './columns.js'

/**
 * Folds a batch into a table with two statements, whatever its size: one reads the touched rows, one writes them.
 * Events of one stream are in one lane, so no other lane touches these rows.
 */
export class TableProjector implements Subscriber<ReadTransaction> {
  readonly name: string
  readonly generation: number
  readonly handles: ReadonlySet<string>
  readonly #model: TableProjectionModel
  readonly #projection: object
  readonly #sql: { readonly select: string; readonly upsert: string }

  constructor(model: TableProjectionModel, { generation, schema }: Generation) {
    this.name = model.name
    this.generation = generation
    this.handles = new Set(model.handlers.keys())
    this.#model = model
    this.#projection = new model.projectionClass()
    this.#sql = { select: selectStatement(model, schema), upsert: upsertStatement(model, schema) }
  }

  async apply(tx: ReadTransaction, envelopes: readonly Envelope<EventInstance>[]): Promise<void> {
    if (envelopes.length === 0) return
    const rows = await this.#read(tx, [...new Set(envelopes.map(({ stream }) => stream.id))])
    fold(this.#model, this.#projection, rows, envelopes)
    const columns = this.#model.columns.map(({ name }) => [...rows.values()].map((row) => written(row[name])))
    await tx.executeQuery(CompiledQuery.raw(this.#sql.upsert, columns))
  }

  async #read(tx: ReadTransaction, keys: readonly string[]): Promise<Map<string, FoldedRow>> {
    const { rows } = await tx.executeQuery<FoldedRow>(CompiledQuery.raw(this.#sql.select, [keys]))
    return new Map(rows.map((row) => [row[this.#model.key] as string, presentOf(row)]))
  }
}

/** The driver would write a Date in this process's zone, whose offset it knows to the minute only. */
function written(value: unknown): unknown {
  return value instanceof Date ? value.toISOString() : (value ?? null)
}

/** The driver says null where a field says absent. */
function presentOf(row: FoldedRow): FoldedRow {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null))
}

/** $1 keys. */
function selectStatement({ table, key, columns }: TableProjectionModel, schema: string): string {
  const keyColumn = columns.find(({ name }) => name === key)
  const list = columns.map(({ name }) => quoted(name)).join(', ')
  const type = keyColumn === undefined ? 'text' : columnType(keyColumn)
  return `SELECT ${list} FROM ${quoted(schema)}.${quoted(table)} WHERE ${quoted(key)} = ANY($1::${type}[])`
}

/** One array parameter per column, in the order of the definition. */
function upsertStatement({ table, key, columns }: TableProjectionModel, schema: string): string {
  const names = columns.map(({ name }) => quoted(name))
  const arrays = columns.map((column, index) => `$${index + 1}::${columnType(column)}[]`)
  const changes = columns
    .filter(({ name }) => name !== key)
    .map(({ name }) => `${quoted(name)} = excluded.${quoted(name)}`)
  const conflict = changes.length === 0 ? 'DO NOTHING' : `DO UPDATE SET ${changes.join(', ')}`
  return (
    `INSERT INTO ${quoted(schema)}.${quoted(table)} (${names.join(', ')}) ` +
    `SELECT * FROM unnest(${arrays.join(', ')}) ON CONFLICT (${quoted(key)}) ${conflict}`
  )
}
