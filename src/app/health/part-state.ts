/** What went wrong last, in words that may be shown. */
export interface LastError {
  readonly message: string
  /** ISO 8601. */
  readonly at: string
}

/** Milliseconds. What is needed is called again within seconds of a failure. */
const RECENTLY = 30_000

/**
 * Whether something that an app works with answers, as its calls tell while they are made.
 *
 * States: ok ⇄ down, since the call that was the first to find it so.
 */
export class PartState {
  #down = false
  #since = new Date()
  #lastError: { readonly error: unknown; readonly at: Date } | undefined

  get down(): boolean {
    return this.#down
  }

  get since(): Date {
    return this.#since
  }

  /** Kept when it is well again. */
  get lastError(): LastError | null {
    if (this.#lastError === undefined) return null
    return lastErrorOf(this.#lastError.error, this.#lastError.at)
  }

  /** Until when failures count though no call was made since: what is not called could never be found well again. */
  get countsUntil(): Date | undefined {
    if (!this.#down || this.#lastError === undefined) return undefined
    return new Date(this.#lastError.at.getTime() + RECENTLY)
  }

  /** Whether it is down, and the last failure was recently. */
  failsNow(now: Date): boolean {
    return this.countsUntil !== undefined && now < this.countsUntil
  }

  /** A call was answered. */
  answered(): void {
    if (this.#down) this.#turn(false)
  }

  /** A call failed, and not for what it asked. */
  failed(error: unknown): void {
    this.noted(error)
    if (!this.#down) this.#turn(true)
  }

  /** A call failed in a part of what it asked: what answers is not down for that. */
  noted(error: unknown): void {
    this.#lastError = { error, at: new Date() }
  }

  #turn(down: boolean): void {
    this.#down = down
    this.#since = new Date()
  }
}

export const lastErrorOf = (error: unknown, at: Date): LastError => ({
  message: messageOf(error),
  at: at.toISOString(),
})

/** A URL that opens something says what it opens, not with what. */
const CREDENTIALS = /(\w+:\/\/[^\s:/@]+):[^\s@]+@/g

/** The first line of what an error says: the others may be anything. */
export function messageOf(error: unknown): string {
  const said: unknown = error instanceof AggregateError && error.message === '' ? error.errors[0] : error
  const text = said instanceof Error ? said.message : String(said)
  return (text.split('\n')[0] ?? '').replaceAll(CREDENTIALS, '$1:***@').slice(0, 500)
}
