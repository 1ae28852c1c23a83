import { NothingParked } from '../core/errors/index.js'
import type { Logger } from '../core/ports/logger.js'
import type { DeadLetters } from '../subscriptions/index.js'
import type { ReadTransaction } from '../subscriptions/postgres/index.js'
import { feedFacts } from './feed-facts.js'

/** Letters of a projection, or of effects, that a process feeds. */
export interface OfferedLetters {
  readonly kind: 'projection' | 'effect'
  readonly letters: DeadLetters<ReadTransaction>
  /** Of this build's definition of it. */
  readonly fingerprint: string
}

export interface LetterOffersOptions {
  /** Whether they are retried, once, in the place of offering that. */
  readonly retry: boolean
  readonly logger: Logger
}

/** Who decided it, in the audit log. */
const BY = 'a start with REPRISE_RETRY_LETTERS'

/**
 * Milliseconds between the count of a letter and its try in another process. Effects wait for a place meanwhile, which
 * others may have for a minute.
 */
const SETTLES = { projection: 5_000, effect: 70_000 } as const

/** Finds letters that builds with other definitions failed at, and that this one may apply, or act on. */
export class LetterOffers {
  readonly #options: LetterOffersOptions
  readonly #ending = new AbortController()
  #underWay: Promise<unknown> = Promise.resolve()

  constructor(options: LetterOffersOptions) {
    this.#options = options
  }

  /** In the background, one after the other. */
  begin(offered: readonly OfferedLetters[]): void {
    this.#underWay = this.#makeAll(offered)
  }

  /** Ends between two keys, or two events that effects act on. */
  async end(): Promise<void> {
    this.#ending.abort()
    await this.#underWay
  }

  async #makeAll(offered: readonly OfferedLetters[]): Promise<void> {
    for (const it of offered) {
      if (this.#ending.signal.aborted) return
      await this.#make(it).catch((error: unknown) => {
        // Another process may have retried them all since they were counted.
        if (this.#ending.signal.aborted || error instanceof NothingParked) return
        const facts = { ...named(it), error: String(error) }
        this.#options.logger.warn(facts, 'dead letters of other builds were left as they are')
      })
    }
  }

  async #make(offered: OfferedLetters): Promise<void> {
    const { kind, letters, fingerprint } = offered
    const look = { settles: SETTLES[kind], signal: this.#ending.signal }
    const { letters: all, deadly } = await letters.lettersOfOtherBuilds(fingerprint, look)
    if (deadly > 0) this.#offerDeadly(offered, deadly)
    if (!this.#options.retry) {
      if (all > deadly) this.#offer(offered, all - deadly)
      return
    }
    await this.#retry(offered)
    const own = await letters.lettersThatEnded(fingerprint, look)
    if (own > 0) this.#sayEnded(offered, own)
  }

  #offer(offered: OfferedLetters, count: number): void {
    this.#options.logger.warn(
      { ...named(offered), letters: count },
      `another build failed at dead letters, which this one may ${verbOf(offered)}: run ${commandFor(offered)}`,
    )
  }

  /** Also where the others are retried: a start that is ended by what it retries would be made again, and end again. */
  #offerDeadly(offered: OfferedLetters, count: number): void {
    this.#options.logger.warn(
      { ...named(offered), letters: count },
      'dead letters killed a process of another build, so that no start retries them by itself: ' +
        `where this build can ${verbOf(offered)} them, run ${commandFor(offered)}`,
    )
  }

  /** Nobody said so when it happened: the process was gone. */
  #sayEnded(offered: OfferedLetters, count: number): void {
    const { projection } = offered.letters
    this.#options.logger.warn(
      { ...named(offered), letters: count },
      'dead letters killed a process of this build, perhaps a start that retried them, so that none retries them by itself: ' +
        `reprise dlq show ${projection} shows them; once a build can ${verbOf(offered)} them run ${commandFor(offered)}, or give them up with reprise dlq discard`,
    )
  }

  async #retry(offered: OfferedLetters): Promise<void> {
    const { logger } = this.#options
    const { letters, fingerprint } = offered
    const { signal } = this.#ending
    let gone = 0
    const onApplied = (count: number): void => void (gone += count)
    try {
      const result = await letters.retryOnce(fingerprint, { by: BY, signal, onApplied })
      if (result === undefined) return
      const { applied, failed, left } = result
      // Other processes of this build did it.
      if (applied === 0 && failed.length === 0) return
      const facts = { ...named(offered), applied, failed: failed.length, left }
      logger.info(facts, 'dead letters that another build failed at were retried')
    } catch (error) {
      const facts = { ...named(offered), applied: gone }
      if (gone > 0) logger.info(facts, 'dead letters that another build failed at were retried, but not all')
      throw error
    }
  }
}

const verbOf = ({ kind }: OfferedLetters): string => (kind === 'effect' ? 'act on' : 'apply')

const commandFor = ({ letters }: OfferedLetters): string => `reprise dlq retry ${letters.projection} --all`

const named = ({ kind, letters }: OfferedLetters) => feedFacts(kind, letters.projection)
