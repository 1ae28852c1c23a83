import type { Relay } from '../outbox/relay.js'
import type { EffectParts } from '../processes/effect-parts.js'
import { EffectRunner } from '../processes/effect-runner.js'
import type { EffectsModel } from '../processes/index.js'
import type { StoreBacklog } from '../projections/freshness.js'
import type { ProjectionClass, ProjectionModel } from '../projections/index.js'
import type { ProjectionParts } from '../projections/projection-feed.js'
import { ProjectionRunner } from '../projections/projection-runner.js'
import type { ReadTransaction } from '../subscriptions/postgres/index.js'
import type { RunningProjections } from './app.js'
import type { Counters } from './app-facts.js'
import type { ClosingStack } from './closing-stack.js'
import { milliseconds } from './duration.js'
import { placesFor } from './effect-parts.js'
import { effectsAtWork } from './effects-at-work.js'
import type { FeedsAtWork } from './feeds-at-work.js'
import type { WatchedProjection } from './health/projection-health.js'
import { startLetterRelay } from './letter-relay.js'
import { ProjectionsAtWork } from './projections-at-work.js'
import type { ReadInstallation } from './read-installation.js'
import { ReadModels } from './reading/read-models.js'

export interface ReadSideAtWorkOptions {
  readonly installation: ReadInstallation
  readonly partsOf: (model: ProjectionModel) => ProjectionParts<ReadTransaction>
  readonly effectPartsOf: (model: EffectsModel) => EffectParts<ReadTransaction>
  /** Undefined where no store is in reach. */
  readonly store: StoreBacklog | undefined
  /** Whether this process publishes the dead letters. */
  readonly publishesLetters: boolean
}

const DEFAULT_TIMEOUT = 5_000

/**
 * The read side of an app as one process has it, with a store beside it or without: projections and effects are at work
 * where that is its part, and read models are read and waited for in any case.
 *
 * States: created → at work → stopped.
 */
export class ReadSideAtWork {
  /** What its users wait with. */
  readonly projections: RunningProjections
  readonly #options: ReadSideAtWorkOptions
  readonly #projections: ProjectionsAtWork
  readonly #effects: FeedsAtWork
  readonly #readModels: ReadModels
  #letters: Relay | undefined

  constructor(options: ReadSideAtWorkOptions) {
    this.#options = options
    this.#projections = projectionsOf(options)
    this.#effects = effectsOf(options)
    const { installation, partsOf, store } = options
    this.#readModels = new ReadModels({
      ...installation,
      store,
      modelOf: (projection) => this.#projections.modelOf(projection),
      partsOf,
      caughtUp: (projection, receipt, timeout) => this.#projections.caughtUp(projection, receipt, timeout),
    })
    this.projections = {
      caughtUp: async (projection, receipt, { timeout = DEFAULT_TIMEOUT } = {}) =>
        this.#projections.caughtUp(projection, receipt, milliseconds(timeout, 'timeout')),
    }
  }

  /** Events applied, or acted on, by this process. */
  get applied(): Counters['applied'] {
    return { ...this.#projections.feeds.applied, ...this.#effects.applied }
  }

  /** Its feeds as health sees them. */
  get watched(): readonly WatchedProjection[] {
    return [...this.#projections.feeds.watched, ...this.#effects.watched]
  }

  read(projection: ProjectionClass, table?: string): never {
    return this.#projections.read(projection, table)
  }

  query(projection: ProjectionClass, ...query: readonly unknown[]): Promise<never> {
    // The interface says, per projection, what the query gives; one body serves them all.
    return this.#readModels.query(projection, ...query) as Promise<never>
  }

  async start(): Promise<void> {
    const { installation, publishesLetters } = this.#options
    await Promise.all([this.#projections.feeds.start(), this.#effects.start()])
    if (publishesLetters) this.#letters = await startLetterRelay(installation)
  }

  /** Adds how it stops, effects first; letters are published until what may park some is at rest. */
  addStops(closing: ClosingStack): void {
    closing.add(async () => this.#letters?.stop(), 'publishing dead letters')
    closing.add(() => this.#projections.feeds.stop(), 'the projections')
    closing.add(() => this.#effects.stop(), 'the effects')
  }
}

function projectionsOf({ installation, partsOf }: ReadSideAtWorkOptions): ProjectionsAtWork {
  const { model, settings } = installation
  const fed = settings.roles.has('projections') ? model.projections.filter(({ inline }) => !inline) : []
  const runners = fed.map((projection) => new ProjectionRunner(partsOf(projection)))
  return new ProjectionsAtWork({ ...installation, partsOf, runners })
}

function effectsOf({ installation, effectPartsOf }: ReadSideAtWorkOptions): FeedsAtWork {
  const { model, settings } = installation
  const places = placesFor(settings)
  const fed = settings.roles.has('projections') ? model.effects : []
  const runners = fed.map((effects) => new EffectRunner(effectPartsOf(effects), places))
  return effectsAtWork({ ...installation, partsOf: effectPartsOf, runners })
}
