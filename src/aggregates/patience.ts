/**
 * How long the caller of one unit of commands waits for an answer.
 *
 * States: waiting → answered, or over. What was begun by then goes on by itself; what was not begun never is.
 */
export class Patience {
  readonly #milliseconds: number
  #onOver: () => void = () => undefined
  #timer: NodeJS.Timeout | undefined
  #over = false
  #begun = false

  /** Infinity waits without end. */
  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds
  }

  /** Whether the caller was answered without the work. */
  get over(): boolean {
    return this.#over
  }

  /** Whether the work got as far as its turn: only then can anything be stored. */
  get begun(): boolean {
    return this.#begun
  }

  begin(): void {
    this.#begun = true
  }

  /** Settles with the work, or rejects with `late()` when patience is over before. */
  answer<T>(work: Promise<T>, late: () => Error): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#onOver = () => reject(late())
      this.again()
      work.then(resolve, reject).finally(() => this.hold())
    })
  }

  /** Does not count time until {@link again}: what is waited for now has a limit of its own. */
  hold(): void {
    clearTimeout(this.#timer)
  }

  /** Counts time from the beginning. */
  again(): void {
    this.hold()
    if (this.#milliseconds === Infinity || this.#over) return
    this.#timer = setTimeout(() => this.lose(), this.#milliseconds)
  }

  /** Is over now. */
  lose(): void {
    this.hold()
    this.#over = true
    this.#onOver()
  }
}
