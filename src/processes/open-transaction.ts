/** A transaction is touched so often in the time after which the server would end it. */
const TOUCHES = 4

/**
 * Why a transaction is gone: nothing was done in it for so long that the server ended it, since the process was busy or
 * paused; or something else came between.
 */
export type Loss = 'neglected' | 'cut'

/** Keeps a transaction open that nothing is done in for a while, by doing what changes nothing. */
export class OpenTransaction {
  readonly #touch: () => Promise<void>
  readonly #onLost: (error: unknown) => void
  readonly #timer: NodeJS.Timeout
  readonly #idleLimit: number
  #touching: Promise<void> | undefined
  #touchedAt = performance.now()
  #loss: Loss | undefined

  /** `idleLimit`: milliseconds after which the server ends it. `onLost` is told once, when it is gone. */
  constructor(touch: () => Promise<void>, idleLimit: number, onLost: (error: unknown) => void) {
    this.#touch = touch
    this.#onLost = onLost
    this.#idleLimit = idleLimit
    this.#timer = setInterval(() => void this.#touchOnce(), idleLimit / TOUCHES)
  }

  /** Whether nothing was done in it for longer than should be, so that the server may have ended it. */
  get isNeglected(): boolean {
    return performance.now() - this.#touchedAt > this.#idleLimit / 2
  }

  /** Why it is gone, and with it what keeps others from doing the same; undefined when it is there. */
  async loss(): Promise<Loss | undefined> {
    await this.#touching
    await this.#touchOnce()
    return this.#loss
  }

  /** Leaves it to itself. Nothing is under way in it any more. */
  async leave(): Promise<void> {
    clearInterval(this.#timer)
    await this.#touching
  }

  #touchOnce(): Promise<void> {
    const loss = this.isNeglected ? 'neglected' : 'cut'
    this.#touching ??= this.#touch()
      .then(
        () => void (this.#touchedAt = performance.now()),
        (error: unknown) => this.#lose(loss, error),
      )
      .finally(() => (this.#touching = undefined))
    return this.#touching
  }

  #lose(loss: Loss, error: unknown): void {
    clearInterval(this.#timer)
    if (this.#loss !== undefined) return
    this.#loss = loss
    this.#onLost(error)
  }
}
