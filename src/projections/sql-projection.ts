import type { Kysely, Transaction } from 'kysely'
import type { Envelope } from '../core/envelope.js'

/** Carries, in types only, the tables of a SQL projection. */
declare const tables: unique symbol

/**
 * The base of projections that write whatever SQL they like. Handlers may be async; all their statements go
 * through the delivery's transaction, which also stores how far the projection has come, so that each event
 * takes effect exactly once. A class must have `static tables(db, schema)`, which creates its tables in
 * `schema`; it runs once for each generation.
 *
 * `Tables` is the Kysely interface of these tables.
 *
 * @example
 * interface StatementTables {
 *   statement_lines: { account_id: string; version: number; amount: bigint }
 * }
 *
 * @Projection({ name: 'statements', version: 1, from: [Account] })
 * export class Statements extends SqlProjection<StatementTables> {
 *   static async tables(db: Kysely<unknown>, schema: string) {
 *     await db.schema.withSchema(schema).createTable('statement_lines')
 *       .addColumn('account_id', 'text')
 *       .addColumn('version', 'integer')
 *       .addColumn('amount', 'bigint')
 *       .execute()
 *   }
 *
 *   @Projects(MoneyDeposited)
 *   async deposited({ amount }: MoneyDeposited, { tx, envelope }: Delivery<StatementTables>) {
 *     const { stream, version } = envelope
 *     await tx.insertInto('statement_lines').values({ account_id: stream.id, version, amount }).execute()
 *   }
 * }
 */
export abstract class SqlProjection<Tables> {
  declare readonly [tables]: Tables
}

/** The tables of a SQL projection, as Kysely wants them. */
export type TablesOf<P> = P extends SqlProjection<infer Tables> ? Tables : never

/** Creates the tables of one generation in `schema`. Must name the schema: the search path leads elsewhere. */
export type CreateTables = (db: Kysely<unknown>, schema: string) => Promise<void>

/** What a handler gets beside its event. Without its type argument, `tx` takes any table. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- Kysely's own way to say: any table
export interface Delivery<Tables = any> {
  /** The transaction of the batch. Its statements go into the generation's own schema. */
  readonly tx: Transaction<Tables>
  readonly envelope: Envelope
  /** The generation's schema, for raw SQL. */
  readonly schema: string
}
