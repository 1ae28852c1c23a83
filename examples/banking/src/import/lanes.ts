/** How much work there may be at once. */
export interface LaneLimits {
  /** Accepted and not yet done. */
  readonly waiting: number
  /** Under way. */
  readonly running: number
}

/**
 * Runs work in the order given within one key, and side by side across keys. After a failure nothing more begins:
 * what is under way ends, what waits is dropped.
 */
export class Lanes {
  readonly #tails = new Map<string, Promise<void>>()
  readonly #waiting: Places
  readonly #running: Places
  #closed = false
  #failure: { readonly error: unknown } | undefined

  constructor({ waiting, running }: LaneLimits) {
    this.#waiting = new Places(waiting)
    this.#running = new Places(running)
  }

  /** Resolves when the work is accepted, which takes as long as there is no place for it. Rejects after a failure. */
  async add(key: string, work: () => Promise<void>): Promise<void> {
    await this.#waiting.take()
    if (this.#closed) {
      this.#waiting.free()
      this.#throwFailure()
      return
    }
    const done = (this.#tails.get(key) ?? Promise.resolve()).then(() => this.#run(work))
    this.#tails.set(key, done)
    void done.then(() => {
      if (this.#tails.get(key) === done) this.#tails.delete(key)
      this.#waiting.free()
    })
  }

  /** Resolves when all accepted work is done. Rejects with the first failure. */
  async done(): Promise<void> {
    await Promise.all(this.#tails.values())
    this.#throwFailure()
  }

  /** Drops what has not begun. */
  close(): void {
    this.#closed = true
  }

  async #run(work: () => Promise<void>): Promise<void> {
    await this.#running.take()
    try {
      if (!this.#closed) await work()
    } catch (error) {
      this.#failure ??= { error }
      this.close()
    } finally {
      this.#running.free()
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}

/** A number of places that are taken and freed; who finds none waits in line. */
class Places {
  readonly #line: (() => void)[] = []
  #free: number

  constructor(count: number) {
    this.#free = count
  }

  async take(): Promise<void> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#line.push(resolve))
  }

  free(): void {
    const next = this.#line.shift()
    if (next === undefined) this.#free += 1
    else next()
  }
}
