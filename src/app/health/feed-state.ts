import { type Lane, laneName } from '../../log/index.js'
import type { SubscriptionOptions } from '../../subscriptions/index.js'
import { type LastError, lastErrorOf } from './part-state.js'

/** What a feed is given so that health hears of what it tries again and what it parks. */
export type FeedHooks = Required<Pick<SubscriptionOptions<unknown>, 'onTransient' | 'onParked'>>

/** A lane that fails is tried again every few seconds. One that is not went to another process, or waits for something. */
const RECENTLY = 30_000

/**
 * How feeding one projection comes along in this process: lane by lane, since one may fail again and again while the others
 * go on.
 */
export class FeedState {
  readonly #retried = new Map<string, { readonly since: Date; readonly at: Date }>()
  #wellSince = new Date()
  #lastError: { readonly error: unknown; readonly at: Date } | undefined

  readonly hooks: FeedHooks = {
    onTransient: (lane, error) => this.#retries(lane, error),
    onParked: (_lane, { failure }) => {
      if (failure !== undefined) this.failed(`${failure.name}: ${failure.message}`)
    },
  }

  /** Kept when it is well again. */
  get lastError(): LastError | null {
    return this.#lastError === undefined ? null : lastErrorOf(this.#lastError.error, this.#lastError.at)
  }

  /**
   * Since when some lane fails at what passes by itself; undefined while none does. Those with nothing left to do, `done` by
   * name, do not count: a batch whose answer was lost may have been committed.
   */
  retriesSince(now: Date, done: ReadonlySet<string> = new Set()): Date | undefined {
    const begun = [...this.#retried]
      .filter(([lane, { at }]) => !done.has(lane) && now.getTime() - at.getTime() < RECENTLY)
      .map(([, { since }]) => since.getTime())
    return begun.length === 0 ? undefined : new Date(Math.min(...begun))
  }

  /** The start, or when the last lane that had failed was settled. */
  get wellSince(): Date {
    return this.#wellSince
  }

  /** A batch of the lane was settled. */
  settled(lane: Lane): void {
    if (this.#retried.delete(laneName(lane))) this.#wellSince = new Date()
  }

  /** A batch failed, or an event was parked: what comes of it is decided elsewhere. */
  failed(error: unknown): void {
    this.#lastError = { error, at: new Date() }
  }

  #retries(lane: Lane, error: unknown): void {
    this.failed(error)
    const at = new Date()
    const name = laneName(lane)
    const known = this.#retried.get(name)
    const goesOn = known !== undefined && at.getTime() - known.at.getTime() < RECENTLY
    this.#retried.set(name, { since: goesOn ? known.since : at, at })
  }
}
