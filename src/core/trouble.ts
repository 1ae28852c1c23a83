import type { Logger } from './ports/logger.js'

/** Milliseconds between reminders of what goes on failing. */
const REMIND_EVERY = 60_000

export interface TroubleTexts {
  /** What fails, and what comes of it: `the log could not be read; it will be tried again`. */
  readonly fails: string
  /** What is so when it is over: `the log can be read again`. */
  readonly over: string
}

/**
 * Tells of what is tried again and again without filling a log: a warning when it begins to fail, one a minute while it goes
 * on, and a line when it is over. Each failure in between is told at the level `debug`.
 *
 * States: well ⇄ failing.
 */
export class Trouble {
  readonly #logger: Logger
  readonly #texts: TroubleTexts
  readonly #now: () => number
  #failing: { readonly since: number; failures: number; toldAt: number } | undefined

  /** `now` in milliseconds, of a clock that is never set. */
  constructor(logger: Logger, texts: TroubleTexts, now: () => number = () => performance.now()) {
    this.#logger = logger
    this.#texts = texts
    this.#now = now
  }

  /** It failed once more. */
  failed(facts: object): void {
    const now = this.#now()
    const { fails } = this.#texts
    if (this.#failing === undefined) {
      this.#failing = { since: now, failures: 1, toldAt: now }
      this.#logger.warn(facts, fails)
      return
    }
    this.#failing.failures += 1
    if (now - this.#failing.toldAt < REMIND_EVERY) {
      this.#logger.debug(facts, fails)
      return
    }
    this.#failing.toldAt = now
    this.#logger.warn({ ...facts, ...this.#soFar() }, fails)
  }

  /** It failed at what was told elsewhere, and by whom it concerns: here only at the level `debug`. */
  noted(facts: object): void {
    this.#logger.debug(facts, this.#texts.fails)
  }

  /** It worked. */
  worked(facts: object = {}): void {
    if (this.#failing === undefined) return
    const soFar = this.#soFar()
    this.#failing = undefined
    this.#logger.info({ ...facts, ...soFar }, this.#texts.over)
  }

  #soFar(): object {
    const { failures = 0, since = 0 } = this.#failing ?? {}
    return { failures, forMs: Math.round(this.#now() - since) }
  }
}
