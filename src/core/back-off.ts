/**
 * Pauses between tries, each about twice as long as the one before, up to a longest one. By how much each is shorter than
 * that is left to chance, at most by half: those who failed together do not come back together.
 */
export class BackOff {
  readonly #first: number
  readonly #longest: number
  readonly #random: () => number
  #next: number

  /** Both in milliseconds. `random` answers from 0 to 1, where 1 is for pauses that are not shortened. */
  constructor(first = 100, longest = 5_000, random: () => number = Math.random) {
    this.#first = first
    this.#longest = longest
    this.#random = random
    this.#next = first
  }

  /** Milliseconds to pause before the next try. */
  next(): number {
    const pause = this.#next
    this.#next = Math.min(pause * 2, this.#longest)
    return pause * (0.5 + this.#random() / 2)
  }

  /** A try succeeded: the next pause is the first one again. */
  reset(): void {
    this.#next = this.#first
  }
}
