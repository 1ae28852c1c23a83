import type { Selectable } from 'kysely'
import type { Fields, Values } from '../../core/fields/index.js'
import type { ProjectionClass, ProjectionModel, SqlProjection } from '../../projections/index.js'
import { assertionError, refuseAwait } from './assertion.js'
import { envelopesOf, type GivenEvents } from './envelopes.js'
import { projectionModelFor, streamTypeOf } from './projection-model-for.js'
import type { ExpectedRow, ProjectionOptions, TableProjectionOf } from './projection-scenario.js'
import { type FoundRows, requireRows, type RowValues } from './rows.js'
import { useTestDatabase } from './test-database.js'
import type { TestServerOptions } from './test-server.js'

/** A class of projections that write SQL into these tables. */
export type SqlProjectionOf<Tables> = (new (...services: never[]) => SqlProjection<Tables>) & {
  tables: (...parameters: never[]) => Promise<void>
}

/** What a projection is made with, and where its database is made. */
export interface InDatabaseOptions extends ProjectionOptions, TestServerOptions {}

/** A projection into one table, applied in a throw-away database. */
export interface TableInDatabase<C extends Fields> {
  /**
   * The rows, in no order.
   *
   * @throws an AssertionError when a handler fails; {@link RepriseError} when no database can be made
   */
  rows(): Promise<readonly Values<C>[]>
  /**
   * Expects these rows and no others.
   *
   * @throws an AssertionError as {@link GivenProjection.then} does, and what {@link rows} throws
   */
  then(expected: readonly ExpectedRow<C>[]): Promise<void>
}

/** A projection that writes SQL, applied in a throw-away database. */
export interface SqlInDatabase<Tables> {
  /**
   * The rows of one of its tables, as Kysely reads them, in no order.
   *
   * @throws an AssertionError when a handler fails; {@link RepriseError} when no database can be made
   */
  rows<T extends keyof Tables & string>(table: T): Promise<readonly Selectable<Tables[T]>[]>
  /**
   * Expects these rows and no others in each table that is named; others are not looked at. Rows are told apart by the
   * primary key, where the table has one.
   *
   * @throws an AssertionError as {@link GivenProjection.then} does, and what {@link rows} throws
   */
  then(expected: { readonly [T in keyof Tables]?: readonly Selectable<Tables[T]>[] }): Promise<void>
}

/**
 * Applies events to a projection in a database of its own, which is made for this and dropped before the answer: for
 * projections that write SQL, and for tables where it matters what Postgres makes of their values. Each event has its
 * own transaction, as when events come one by one.
 *
 * The database is made on the server of TEST_DATABASE_URL, else on an embedded one (see {@link startTestServers}).
 *
 * @throws {@link DefinitionError} with every fault of the class
 *
 * @example
 * await givenInDatabase(Statements, [on('576', new MoneyDeposited({ amount: 5n }))]).then({
 *   statement_lines: [{ account_id: '576', version: 1, amount: 5n }],
 * })
 */
export function givenInDatabase<C extends Fields>(
  projection: TableProjectionOf<C>,
  events: GivenEvents,
  options?: InDatabaseOptions,
): TableInDatabase<C>
export function givenInDatabase<Tables>(
  projection: SqlProjectionOf<Tables>,
  events: GivenEvents,
  options?: InDatabaseOptions,
): SqlInDatabase<Tables>
export function givenInDatabase(
  projection: TableProjectionOf<Fields> | SqlProjectionOf<unknown>,
  events: GivenEvents,
  options: InDatabaseOptions = {},
): unknown {
  return new GivenInDatabase(projectionModelFor(projection as ProjectionClass), events, options)
}

type ExpectedTables = readonly RowValues[] | Readonly<Record<string, readonly RowValues[]>>

class GivenInDatabase {
  readonly #model: ProjectionModel
  readonly #apply: () => Promise<readonly FoundRows[]>
  #found: Promise<readonly FoundRows[]> | undefined

  constructor(model: ProjectionModel, events: GivenEvents, { services = [], ...server }: InDatabaseOptions) {
    const envelopes = envelopesOf(events, (event) => streamTypeOf(model, event))
    const create = (): object => new model.projectionClass(...(services as never[]))
    this.#model = model
    this.#apply = async () => {
      const { tablesAfter } = await import('./postgres/tables-after.js')
      await using database = await useTestDatabase(server)
      return await tablesAfter(database.url, model, create, envelopes)
    }
  }

  async rows(table?: string): Promise<readonly RowValues[]> {
    return (await this.#tableOf(table)).rows
  }

  then(expected: ExpectedTables): Promise<void> {
    refuseAwait(expected, 'givenInDatabase(…)')
    return this.#require(expected)
  }

  async #require(expected: ExpectedTables): Promise<void> {
    if (isList(expected)) {
      requireRows(await this.#tableOf(), expected)
      return
    }
    await this.#applied()
    for (const [table, rows] of Object.entries(expected)) requireRows(await this.#tableOf(table), rows)
  }

  /** Once, however often it is asked for. */
  #applied(): Promise<readonly FoundRows[]> {
    return (this.#found ??= this.#apply())
  }

  async #tableOf(name?: string): Promise<FoundRows> {
    const found = await this.#applied()
    const table = this.#model.kind === 'table' ? found[0] : found.find((it) => it.table === name)
    if (table !== undefined) return table
    const tables = found.map((it) => it.table).join(', ') || 'none'
    throw assertionError(
      `${this.#model.name} has no table ${name ?? 'of that kind'}; its tables are ${tables}`,
    )
  }
}

function isList(expected: ExpectedTables): expected is readonly RowValues[] {
  return Array.isArray(expected)
}
