import type { Field, Fields, Mutable, StringKeys, ValueOf, Values } from '../core/fields/field.js'
import type { JsonOf } from '../core/fields/json-of.js'

/** What a projection into one table says about the table. */
export interface TableDefinition<
  T extends string = string,
  C extends Fields = Fields,
  K extends string = string,
> {
  /** The name under which readers find it, in the schema of the app's name. Unique within the app. */
  readonly table: T
  /**
   * The column that tells rows apart: it holds the id of the row's stream, or what the projection's `key` gives. A
   * `string`, `uuid`, `date`, `enumeration` or `decimal`, and not optional.
   */
  readonly key: K
  /** Rows, their first values, the table's DDL and its bulk writes all derive from these. */
  readonly columns: C
  /** The columns of each index beside the primary key, in order. */
  readonly indexes?: readonly (readonly (keyof C & string)[])[]
}

/** Where the prototype of every such class keeps its definition. */
export const tableDefinition: unique symbol = Symbol.for('reprise/table-projection') as never

/** An instance of a projection into one table; what its columns are decides what its rows are. */
export interface TableProjectionInstance<C extends Fields = Fields> {
  readonly [tableDefinition]: { readonly columns: C }
}

/** What {@link TableProjection} returns: the class to extend. */
export interface TableProjectionClass<T extends string, C extends Fields, K extends string> {
  new (): TableProjectionInstance<C>
  readonly table: T
  readonly key: K
  readonly columns: C
  readonly indexes: readonly (readonly (keyof C & string)[])[]
}

/** The row of a table projection as its handlers change it: `Row<typeof Balances>`. */
export type Row<P extends abstract new (...args: never[]) => TableProjectionInstance> = RowOf<InstanceType<P>>

/** A row as a query reads it: what a handler left out is null, and arrays, maps and records are their JSON. */
export type ReadRow<C extends Fields> = {
  [K in keyof C]: C[K] extends Field<unknown, true>
    ? ReadValue<ValueOf<C[K]>> | null
    : ReadValue<ValueOf<C[K]>>
}

/** Columns of one value come as that value. Those of several are jsonb, which the driver parses. */
type ReadValue<T> = T extends bigint | Date | Uint8Array ? T : JsonOf<T>

/** The row that belongs to an instance of a table projection. */
export type RowOf<P> = P extends TableProjectionInstance<infer C> ? Mutable<Values<C>> : never

/**
 * A projection that folds the events of each stream into one row. Its methods change the row they are given,
 * synchronously; the row of a stream's first event has its key and its columns' initial values. A column with
 * neither, that is not optional, must be set by the handler of that first event.
 *
 * @example
 * @Projection({ name: 'balances', version: 1, from: [Account] })
 * export class Balances extends TableProjection({
 *   table: 'balances',
 *   key: 'account_id',
 *   columns: { account_id: string(), balance: long(0n) },
 * }) {
 *   @Projects(MoneyDeposited)
 *   deposited(event: MoneyDeposited, row: Row<typeof Balances>) { row.balance += event.amount }
 * }
 */
export function TableProjection<const T extends string, C extends Fields, K extends StringKeys<C>>(
  definition: TableDefinition<T, C, K>,
): TableProjectionClass<T, C, K> {
  class Table {
    static readonly table = definition.table
    static readonly key = definition.key
    static readonly columns = definition.columns
    static readonly indexes = definition.indexes ?? []
  }
  Object.defineProperty(Table.prototype, tableDefinition, { value: definition })
  // What sits on the prototype under a symbol, no class declaration can say.
  return Table as unknown as TableProjectionClass<T, C, K>
}
