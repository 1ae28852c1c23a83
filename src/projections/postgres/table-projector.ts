import { CompiledQuery } from 'kysely'
import type { Envelope } from '../../core/envelope.js'
import type { EventInstance } from '../../core/event.js'
import type { Subscriber } from '../../subscriptions/index.js'
import type { ReadTransaction } from '../../subscriptions/postgres/index.js'
import { fold, type FoldedRow, type FoldedRows } from '../fold.js'
import { definitionFingerprint } from '../definition-fingerprint.js'
import type { Generation } from '../generation.js'
import type { TableProjectionModel } from '../projection-model.js'
import { keyedEnvelopes, sequenceKeyOf } from '../row-key.js'
import { readsUnnumbered } from '../unnumbered-sources.js'
import { codecOf, type ColumnCodec } from './column-codec.js'
import { foldStatements } from './table-statements.js'

/**
 * Folds a batch into a table with a few statements, whatever its size: one reads the touched rows, one writes them, one
 * deletes those that a handler did away with. A row that belongs to one stream, or to the one lane of an ordered
 * projection, is touched by nobody else meanwhile. Any other is locked before it is read, or two transactions that fold
 * into it at once would both begin with what it was, and one of them would be lost.
 */
export class TableProjector implements Subscriber<ReadTransaction> {
  readonly name: string
  readonly generation: number
  readonly definition: string
  readonly handles: ReadonlySet<string>
  readonly #model: TableProjectionModel
  readonly #projection: object
  /** Whether transactions that run at the same time may meet on a row. */
  readonly #sharesRows: boolean
  readonly #sql: ReturnType<typeof foldStatements>
  readonly #codecs: readonly (readonly [column: string, codec: ColumnCodec])[]

  /** `create` makes the instance whose methods are the handlers. */
  constructor(model: TableProjectionModel, { generation, schema }: Generation, create: () => object) {
    this.name = model.name
    this.generation = generation
    this.definition = definitionFingerprint(model)
    this.handles = new Set(model.handlers.keys())
    this.#model = model
    this.#projection = create()
    this.#sharesRows = model.across === 'commutative' || readsUnnumbered(model)
    this.#sql = foldStatements(model, schema)
    this.#codecs = model.columns.map((column) => [column.name, codecOf(column)])
  }

  sequenceKeyOf(envelope: Envelope<EventInstance>): string {
    return sequenceKeyOf(this.#model, envelope)
  }

  async apply(tx: ReadTransaction, envelopes: readonly Envelope<EventInstance>[]): Promise<void> {
    const events = keyedEnvelopes(this.#model, envelopes)
    if (events.length === 0) return
    const keys = [...new Set(events.map(({ key }) => key))]
    const added = this.#sharesRows ? await this.#lock(tx, keys) : new Set<string>()
    const rows = await this.#read(
      tx,
      keys.filter((key) => !added.has(key)),
    )
    const stored = new Set([...added, ...rows.keys()])
    fold(this.#model, this.#projection, rows, events)
    await this.#write(
      tx,
      [...rows.values()].filter((row) => row !== null),
    )
    await this.#delete(
      tx,
      keys.filter((key) => stored.has(key) && rows.get(key) === null),
    )
  }

  /** Answers the keys whose rows were not there; they are now, without values. */
  async #lock(tx: ReadTransaction, keys: readonly string[]): Promise<ReadonlySet<string>> {
    const { rows } = await tx.executeQuery<{ key: string }>(CompiledQuery.raw(this.#sql.lock, [keys]))
    return new Set(rows.map(({ key }) => key))
  }

  async #read(tx: ReadTransaction, keys: readonly string[]): Promise<FoldedRows> {
    if (keys.length === 0) return new Map()
    const { rows } = await tx.executeQuery<TextRow>(CompiledQuery.raw(this.#sql.select, [keys]))
    return new Map(rows.map((texts) => [texts[this.#model.key] as string, this.#rowOf(texts)]))
  }

  /** Without what is absent, as a handler leaves it. */
  #rowOf(texts: TextRow): FoldedRow {
    const row: FoldedRow = {}
    for (const [column, codec] of this.#codecs) {
      const value = codec.read(texts[column] ?? null)
      if (value !== undefined) row[column] = value
    }
    return row
  }

  async #write(tx: ReadTransaction, rows: readonly FoldedRow[]): Promise<void> {
    if (rows.length === 0) return
    const columns = this.#codecs.map(([column, codec]) => rows.map((row) => codec.write(row[column])))
    await tx.executeQuery(CompiledQuery.raw(this.#sql.upsert, columns))
  }

  async #delete(tx: ReadTransaction, keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return
    await tx.executeQuery(CompiledQuery.raw(this.#sql.delete, [keys]))
  }
}

/** A row as the statements give it. */
type TextRow = Readonly<Record<string, string | null>>
