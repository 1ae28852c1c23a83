import type { Logger } from '../core/ports/logger.js'
import type { Feeding } from '../projections/feeders.js'
import { Presence } from '../projections/presence.js'
import { PostgresFeeders } from '../projections/postgres/feeders.js'
import type { DeadLetters } from '../subscriptions/index.js'
import type { ReadTransaction } from '../subscriptions/postgres/index.js'
import { feedFacts } from './feed-facts.js'
import type { PartStates } from './health/part-states.js'
import { isAway } from './health/postgres/is-away.js'
import type { WatchedProjection } from './health/projection-health.js'
import { watchedFeeders } from './health/watched.js'
import { LetterOffers, type OfferedLetters } from './letter-offers.js'
import type { Databases } from './postgres/databases.js'
import type { Settings } from './settings.js'

/** What feeds a projection, or a class of effects, in this process. */
export interface FeedRunner {
  /** What it feeds now; undefined while it stands aside, and once it has stopped. */
  readonly feeding: Feeding | undefined
  /** Events applied, or acted on, since the start. */
  readonly applied: number
  /** What stopped it in this process. */
  readonly failure: Error | undefined
  /** Why this process leaves it to others. */
  readonly aside: string | undefined
  start(): Promise<void>
  /** Goes by what the database says of it now, and keeps that true. */
  follow(): Promise<void>
  /** Waits for handlers under way. */
  stop(): Promise<void>
}

/** A projection of an app, or a class of its effects, and what becomes of it in this process. */
export interface Feed extends Omit<WatchedProjection, 'fedHere' | 'failure' | 'aside'> {
  /** Undefined where feeding it is the part of other processes. */
  readonly here: FedHere | undefined
}

/** What does it where that is this process' part, and what it could not apply, or act on. */
export interface FedHere {
  readonly runner: FeedRunner
  readonly letters: DeadLetters<ReadTransaction>
}

export interface FeedsAtWorkOptions {
  readonly feeds: readonly Feed[]
  readonly databases: Pick<Databases, 'readDb' | 'schemas'>
  readonly settings: Pick<Settings, 'lease' | 'retryLetters'>
  readonly states: Pick<PartStates, 'read'>
  readonly logger: Logger
}

/** Milliseconds between looks at what the database says of them: a feed with nothing to apply would not notice otherwise. */
const FOLLOW_INTERVAL = 1_000

/**
 * The feeds of an app as one process has them: at work where that is its part, and seen by health in any case.
 *
 * States: created → at work → stopped. While at work, other processes are told what is fed here, and letters that other
 * builds failed at are offered.
 */
export class FeedsAtWork {
  readonly #options: FeedsAtWorkOptions
  readonly #fedHere: readonly (FedHere & Pick<Feed, 'kind' | 'name'>)[]
  readonly #presence: Presence
  readonly #offers: LetterOffers
  #following: NodeJS.Timeout | undefined
  readonly #underWay = new Set<FeedRunner>()

  constructor(options: FeedsAtWorkOptions) {
    const { feeds, databases, settings, states, logger } = options
    this.#options = options
    this.#fedHere = feeds.flatMap(({ kind, name, here }) =>
      here === undefined ? [] : { kind, name, ...here },
    )
    this.#presence = new Presence({
      feeders: watchedFeeders(new PostgresFeeders(databases.readDb, databases.schemas.read), {
        state: states.read,
        isAway,
      }),
      feeding: () => this.#fedHere.flatMap(({ runner }) => runner.feeding ?? []),
      lease: settings.lease,
      logger,
    })
    this.#offers = new LetterOffers({ retry: settings.retryLetters, logger })
  }

  async start(): Promise<void> {
    if (this.#fedHere.length === 0) return
    await Promise.all(this.#fedHere.map(({ runner }) => runner.start()))
    this.#following = setInterval(() => this.#follow(), FOLLOW_INTERVAL)
    await this.#presence.keep()
    this.#offers.begin(this.#offered())
  }

  /** Waits for handlers under way. */
  async stop(): Promise<void> {
    clearInterval(this.#following)
    await Promise.all([this.#offers.end(), ...this.#fedHere.map(({ runner }) => runner.stop())])
    if (this.#fedHere.length > 0) await this.#presence.end()
  }

  /** Events applied, or acted on, by this process, by name. */
  get applied(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#fedHere.map(({ name, runner }) => [name, runner.applied]))
  }

  /** The feeds as health sees them. */
  get watched(): readonly WatchedProjection[] {
    return this.#options.feeds.map(({ here, ...feed }) => ({
      ...feed,
      fedHere: here !== undefined,
      failure: () => here?.runner.failure,
      aside: () => here?.runner.aside,
    }))
  }

  /** The letters of what is fed now: one that stands aside leaves them to others as well. */
  #offered(): readonly OfferedLetters[] {
    return this.#fedHere.flatMap(({ kind, runner: { feeding }, letters }) =>
      feeding === undefined ? [] : { kind, letters, fingerprint: feeding.fingerprint },
    )
  }

  #follow(): void {
    for (const feed of this.#fedHere) void this.#followOne(feed)
  }

  /** Unless a look is under way, or waits for its turn: with a database that is slow to answer they would become more and more. */
  async #followOne({ kind, name, runner }: FedHere & Pick<Feed, 'kind' | 'name'>): Promise<void> {
    if (this.#underWay.has(runner)) return
    this.#underWay.add(runner)
    try {
      await runner.follow()
    } catch (error) {
      const facts = { ...feedFacts(kind, name), error: String(error) }
      this.#options.logger.debug(facts, 'what the database says of a feed could not be looked up')
    } finally {
      this.#underWay.delete(runner)
    }
  }
}
