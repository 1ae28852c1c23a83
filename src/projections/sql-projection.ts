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
