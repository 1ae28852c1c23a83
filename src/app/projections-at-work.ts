import type { Kysely } from 'kysely'
import type { GroupReceipt, Receipt } from '../aggregates/execute-options.js'
import { classText } from '../core/decorated-method.js'
import { DefinitionError, InvalidValue } from '../core/errors/index.js'
import { isTransient } from '../postgres/sql-state.js'
import { caughtUp } from '../projections/caught-up.js'
import type { ProjectionClass, ProjectionModel } from '../projections/index.js'
import type { ProjectionParts } from '../projections/projection-feed.js'
import type { ProjectionRunner } from '../projections/projection-runner.js'
import type { ReadTransaction } from '../subscriptions/postgres/index.js'
import type { AppModel } from './app-model.js'
import { deadLettersOf } from './dead-letters.js'
import { type Feed, FeedsAtWork, type FeedsAtWorkOptions } from './feeds-at-work.js'
import { requireNumbered, streamsOf, streamTypeOf } from './reading/receipt-streams.js'

export interface ProjectionsAtWorkOptions extends Omit<FeedsAtWorkOptions, 'feeds'> {
  readonly model: AppModel
  readonly partsOf: (model: ProjectionModel) => ProjectionParts<ReadTransaction>
  /** None where feeding is the part of other processes. */
  readonly runners: readonly ProjectionRunner<ReadTransaction>[]
}

/** The projections of an app as one process has them: fed where that is its part, read and waited for in any case. */
export class ProjectionsAtWork {
  readonly feeds: FeedsAtWork
  readonly #options: ProjectionsAtWorkOptions

  constructor(options: ProjectionsAtWorkOptions) {
    this.#options = options
    this.feeds = new FeedsAtWork({
      ...options,
      feeds: options.model.projections.map((model) => this.#feedOf(model)),
    })
  }

  read(projection: ProjectionClass, named?: string): never {
    const of = this.modelOf(projection)
    const table = of.kind === 'table' ? of.table : named
    if (table === undefined)
      throw new InvalidValue('read', [{ path: 'table', problem: 'must name one of its tables' }])
    const { databases, model } = this.#options
    const readModels = databases.readDb.withSchema(model.name) as Kysely<Record<string, unknown>>
    // The interface says, per projection, what the query selects from; one body serves them all.
    return readModels.selectFrom(table) as never
  }

  /** @throws {@link DefinitionError} for one that is not the app's */
  modelOf(projection: ProjectionClass): ProjectionModel {
    const model = this.#options.model.projections.find(
      ({ projectionClass }) => projectionClass === projection,
    )
    if (model === undefined)
      throw new DefinitionError([`${classText(projection)} is not a projection of this app`])
    return model
  }

  /**
   * Waits for what a projection reads of these streams; `timeout` in milliseconds.
   *
   * @throws {@link InvalidValue} for a stream of a producer that does not number events
   */
  async caughtUp(
    projection: ProjectionClass,
    receipt: Receipt | GroupReceipt,
    timeout: number,
  ): Promise<void> {
    const model = this.modelOf(projection)
    requireNumbered(receipt, model)
    const runner = this.#runnerOf(model)
    const { generations, inline, streamTypes } = this.#options.partsOf(model)
    const parts = {
      projection: model.name,
      generations: inline?.progress ?? generations,
      onProgress: (waiter: () => void) => runner?.onProgress(waiter) ?? (() => undefined),
      failure: () => runner?.failure,
      aside: () => runner?.aside,
      isTransient,
    }
    const deadline = performance.now() + timeout
    for (const { stream, version } of streamsOf(receipt)) {
      if (!streamTypes.includes(streamTypeOf(stream))) continue
      await caughtUp(parts, stream, version, timeout, deadline)
    }
  }

  #feedOf(model: ProjectionModel): Feed {
    const { databases, partsOf } = this.#options
    const { name, inline } = model
    const parts = partsOf(model)
    const runner = this.#runnerOf(model)
    const ordered = model.across === 'ordered' && !inline
    return {
      kind: 'projection',
      name,
      inline,
      topics: ordered || inline ? [] : [...parts.source.topics.keys()],
      ordered: ordered ? parts.streamTypes : undefined,
      here: runner && { runner, letters: deadLettersOf(databases, parts) },
    }
  }

  #runnerOf(model: ProjectionModel): ProjectionRunner<ReadTransaction> | undefined {
    return this.#options.runners.find(({ name }) => name === model.name)
  }
}
