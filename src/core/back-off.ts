/** Pauses between tries, each twice as long as the one before, up to a longest one. */
export class BackOff {
  readonly #first: number
  readonly #longest: number
  #next: number

  /** Both in milliseconds. */
  constructor(first = 100, longest = 5_000) {
    this.#first = first
    this.#longest = longest
    this.#next = first
  }

  /** Milliseconds to pause before the next try. */
  next(): number {
    const pause = this.#next
    this.#next = Math.min(pause * 2, this.#longest)
    return pause
  }

  /** A try succeeded: the next pause is the first one again. */
  reset(): void {
    this.#next = this.#first
  }
}
