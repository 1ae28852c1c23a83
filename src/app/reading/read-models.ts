import type { Kysely } from 'kysely'
import type { GroupReceipt, Receipt } from '../../aggregates/execute-options.js'
import { InvalidValue } from '../../core/errors/index.js'
import type { Freshness, ReadProgress, StoreBacklog } from '../../projections/freshness.js'
import type { ProjectionClass, ProjectionModel } from '../../projections/index.js'
import { PostgresReadProgress } from '../../projections/postgres/read-progress.js'
import type { ProjectionParts } from '../../projections/projection-feed.js'
import type { ReadTransaction } from '../../subscriptions/postgres/index.js'
import type { AppModel } from '../app-model.js'
import { milliseconds } from '../duration.js'
import type { Databases } from '../postgres/databases.js'
import { freshnessOf } from './freshness-of.js'
import { type AnyQuery, isSelect } from './postgres/paged-query.js'
import { readPage } from './read-page.js'
import type { PageAnswer, QueryOptions, TableQueryOptions } from './query-options.js'
import { receiptsOf } from './receipts.js'

export interface ReadModelsOptions {
  readonly model: Pick<AppModel, 'name'>
  readonly databases: Pick<Databases, 'readDb' | 'schemas'>
  /** Undefined where no store is in reach. */
  readonly store: StoreBacklog | undefined
  /** @throws {@link DefinitionError} for a projection that is not the app's */
  readonly modelOf: (projection: ProjectionClass) => ProjectionModel
  readonly partsOf: (model: ProjectionModel) => ProjectionParts<ReadTransaction>
  /** `timeout` in milliseconds. */
  readonly caughtUp: (
    projection: ProjectionClass,
    receipt: Receipt | GroupReceipt,
    timeout: number,
  ) => Promise<void>
}

/** Milliseconds that a query waits for its receipts. */
const DEFAULT_TIMEOUT = 5_000

/** Answers queries on the read models of an app. */
export class ReadModels {
  readonly #options: ReadModelsOptions
  readonly #progress: ReadProgress
  readonly #freshness = new Map<ProjectionModel, Freshness>()

  constructor(options: ReadModelsOptions) {
    const { readDb, schemas } = options.databases
    this.#options = options
    this.#progress = new PostgresReadProgress(readDb, schemas.read)
  }

  /** For a SQL projection the name of a table comes before the query. */
  async query(projection: ProjectionClass, ...rest: readonly unknown[]): Promise<PageAnswer<object>> {
    const model = this.#options.modelOf(projection)
    const [table, build, options = {}] =
      model.kind === 'table'
        ? [model.table, ...(rest as [unknown, TableQueryOptions?])]
        : (rest as [unknown, unknown, TableQueryOptions?])
    const query = this.#built(table, build)
    const { page } = options
    if (page === undefined)
      return this.#answer(projection, model, options, async () => ({
        rows: await query.execute(),
        next: undefined,
      }))
    if (model.kind === 'table') return this.#answer(projection, model, options, readPage(query, model, page))
    throw refusal(
      'page',
      'is of table projections only: order and limit the query of a SQL projection itself',
    )
  }

  #built(table: unknown, build: unknown): AnyQuery {
    if (typeof table !== 'string') throw refusal('table', 'must name one of its tables')
    if (typeof build !== 'function')
      throw refusal('query', 'must be a function that makes a query of the rows')
    const { model, databases } = this.#options
    const readModels = databases.readDb.withSchema(model.name) as Kysely<Record<string, unknown>>
    const query: unknown = (build as (rows: unknown) => unknown)(readModels.selectFrom(table))
    if (isSelect(query)) return query
    throw refusal('query', 'must give the query that it makes, a select')
  }

  async #answer(
    projection: ProjectionClass,
    model: ProjectionModel,
    { since, timeout = DEFAULT_TIMEOUT }: QueryOptions,
    read: () => Promise<Pick<PageAnswer<object>, 'rows' | 'next'>>,
  ): Promise<PageAnswer<object>> {
    const receipts = receiptsOf(since)
    const deadline = performance.now() + milliseconds(timeout, 'timeout')
    for (const receipt of receipts)
      await this.#options.caughtUp(projection, receipt, Math.max(0, deadline - performance.now()))
    // Before the query: what it finds may be fresher than is said here, and never less.
    const asOf = await this.#freshnessOf(model).look()
    return { ...(await read()), asOf }
  }

  /** One for all queries: it remembers what it has seen. */
  #freshnessOf(model: ProjectionModel): Freshness {
    const { partsOf, store } = this.#options
    const known = this.#freshness.get(model) ?? freshnessOf(partsOf(model), this.#progress, store)
    this.#freshness.set(model, known)
    return known
  }
}

const refusal = (path: string, problem: string): InvalidValue =>
  new InvalidValue('query', [{ path, problem }])
