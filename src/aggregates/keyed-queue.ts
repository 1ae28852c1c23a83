/** Runs work one after the other per key, and side by side across keys. */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<unknown>>()

  /** Runs `work` after all that was queued for the key before, however that ended. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve()
    const mine = before.then(work, work)
    this.#tails.set(key, mine)
    const forget = (): void => {
      if (this.#tails.get(key) === mine) this.#tails.delete(key)
    }
    mine.then(forget, forget)
    return mine
  }

  /** Resolves when nothing is queued any more. */
  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.allSettled(this.#tails.values())
  }
}
