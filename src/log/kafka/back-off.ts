import { setTimeout } from 'node:timers/promises'

/** Pauses between tries, each twice as long as the one before, up to a longest one. */
export class BackOff {
  readonly #first: number
  readonly #longest: number
  #next: number

  constructor(first = 100, longest = 5_000) {
    this.#first = first
    this.#longest = longest
    this.#next = first
  }

  /** Resolves after the next pause, or at once when `signal` aborts. */
  async pause(signal: AbortSignal): Promise<void> {
    const pause = this.#next
    this.#next = Math.min(pause * 2, this.#longest)
    await setTimeout(pause, undefined, { signal }).catch(() => undefined)
  }

  /** A try succeeded: the next pause is the first one again. */
  reset(): void {
    this.#next = this.#first
  }
}
