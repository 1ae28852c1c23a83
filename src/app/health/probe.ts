import { setTimeout as delay } from 'node:timers/promises'
import type { PartState } from './part-state.js'

/** Milliseconds without an answer after which a part counts as away. Until then it may be busy, or choosing a leader. */
const PATIENCE = 3_000

/**
 * Asks a part how it is, within a time. One question is under way at a time: whoever asks meanwhile waits for the same
 * answer, so that a part which is away has no more to do for being asked often.
 */
export class Probe<A extends readonly unknown[], T> {
  readonly #ask: (...args: A) => Promise<T>
  readonly #state: PartState
  readonly #patience: number
  #underWay: Promise<T> | undefined
  /** Of `performance.now()`. */
  #askedAt = 0

  constructor(ask: (...args: A) => Promise<T>, state: PartState, patience = PATIENCE) {
    this.#ask = ask
    this.#state = state
    this.#patience = patience
  }

  /**
   * What it answered, or undefined when it did not: then it failed, as the state says, or is late, which the state says once
   * it has been for too long. Settles within `milliseconds`, and never rejects.
   */
  async within(milliseconds: number, ...args: A): Promise<T | undefined> {
    this.#underWay ??= this.#begin(args)
    const late = new AbortController()
    try {
      return await Promise.race([this.#underWay, this.#tooLate(milliseconds, late.signal)])
    } catch {
      return undefined
    } finally {
      late.abort()
    }
  }

  #begin(args: A): Promise<T> {
    this.#askedAt = performance.now()
    const asked = this.#ask(...args)
    const over = (): void => (this.#underWay = undefined)
    asked.then(
      () => {
        over()
        this.#state.answered()
      },
      (error: unknown) => {
        over()
        this.#state.failed(error)
      },
    )
    return asked
  }

  async #tooLate(milliseconds: number, signal: AbortSignal): Promise<undefined> {
    await delay(milliseconds, undefined, { signal })
    // Where this process itself was held up, the answer may be there and not be read yet: that comes before this.
    await new Promise((resolve) => setImmediate(resolve))
    const open = performance.now() - this.#askedAt
    if (!signal.aborted && open >= this.#patience)
      this.#state.failed(new Error(`it has given no answer for ${Math.round(open)} ms`))
    return undefined
  }
}
