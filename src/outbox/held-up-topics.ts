import { BackOff } from '../core/back-off.js'
import type { Logger } from '../core/ports/logger.js'
import { Trouble } from '../core/trouble.js'

interface HeldUpTopic {
  readonly backOff: BackOff
  readonly trouble: Trouble
  /** Milliseconds, by the clock that is never set. */
  tryAgainAt: number
}

/**
 * The topics that take nothing now. Each is left out for a growing pause of its own, up to 5 s, and then tried again, so
 * that what is published to the others does not wait for it.
 */
export class HeldUpTopics {
  readonly #topics = new Map<string, HeldUpTopic>()
  readonly #logger: Logger
  readonly #what: string
  readonly #now: () => number

  /** `now` in milliseconds, of a clock that is never set. */
  constructor(logger: Logger, what: string, now: () => number = () => performance.now()) {
    this.#logger = logger
    this.#what = what
    this.#now = now
  }

  /** Whether there are none. */
  get isEmpty(): boolean {
    return this.#topics.size === 0
  }

  /** Those that are not to be tried yet. */
  get leftOut(): readonly string[] {
    const now = this.#now()
    return [...this.#topics].filter(([, { tryAgainAt }]) => tryAgainAt > now).map(([topic]) => topic)
  }

  /** Milliseconds until the next of them is to be tried again; infinite where none is left out. */
  get nextTryIn(): number {
    const now = this.#now()
    const pauses = [...this.#topics.values()].map(({ tryAgainAt }) => tryAgainAt - now)
    return Math.min(...pauses.filter((pause) => pause > 0))
  }

  /** They took nothing, for these reasons. */
  failed(failures: ReadonlyMap<string, Error>): void {
    for (const [topic, error] of failures) {
      const held = this.#topics.get(topic) ?? this.#begin(topic)
      const pause = held.backOff.next()
      held.tryAgainAt = this.#now() + pause
      held.trouble.failed({ topic, error: String(error), retryInMs: Math.round(pause) })
    }
  }

  /** Rows of these topics were published. */
  worked(rows: Iterable<{ readonly topic: string }>): void {
    if (this.#topics.size === 0) return
    for (const { topic } of rows) {
      this.#topics.get(topic)?.trouble.worked({ topic })
      this.#topics.delete(topic)
    }
  }

  #begin(topic: string): HeldUpTopic {
    const trouble = new Trouble(
      this.#logger,
      {
        fails: `a topic takes no ${this.#what}; it will be tried again, and the others are published to meanwhile`,
        over: `the topic takes ${this.#what} again`,
      },
      this.#now,
    )
    const held = { backOff: new BackOff(), trouble, tryAgainAt: 0 }
    this.#topics.set(topic, held)
    return held
  }
}
