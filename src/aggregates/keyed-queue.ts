/**
 * Runs work one after the other per key, and side by side across keys.
 *
 * Work that needs several keys takes its place behind all of them at once, so that work which waits holds nothing that
 * work before it needs: whatever the order of the keys, nobody waits in a circle, and nobody is overtaken for ever.
 */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<unknown>>()

  /** Runs `work` after all that was queued for any of the keys before, however that ended. */
  run<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const mine = this.#endOf(keys).then(work, work)
    for (const key of keys) this.#tails.set(key, mine)
    const forget = (): void => {
      for (const key of keys) if (this.#tails.get(key) === mine) this.#tails.delete(key)
    }
    mine.then(forget, forget)
    return mine
  }

  /** Settles when all that is queued for the keys has ended. */
  #endOf(keys: readonly string[]): Promise<unknown> {
    const before = new Set(keys.flatMap((key) => this.#tails.get(key) ?? []))
    const [only] = before
    // One wait is what nearly every command has: it needs no list of outcomes.
    return before.size > 1 ? Promise.allSettled(before) : (only ?? Promise.resolve())
  }
}
