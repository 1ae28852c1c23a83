import { setTimeout as delay } from 'node:timers/promises'
import { BackOff } from '../core/back-off.js'
import { describeSession } from '../core/open-session.js'
import type { EventOrder, UnsettledOrder } from '../core/ports/event-order.js'
import type { EventReader } from '../core/ports/event-reader.js'
import type { Logger } from '../core/ports/logger.js'

export interface SettledEndOptions {
  readonly order: EventOrder
  readonly history: Pick<EventReader, 'head'>
  readonly streamTypes: readonly string[]
  readonly logger: Logger
  /** Called when it is worth asking again, after appends kept the order open. */
  readonly wake: () => void
  /** Milliseconds for which the order is open before somebody should know. @defaultValue 5000 */
  readonly warnAfter?: number
}

/** Milliseconds between two questions at the least. */
const SHORTEST_PAUSE = 20
/** Appends wait while a question is under way: by this factor they are let alone for longer than that took. */
const PAUSE_FACTOR = 10

/** Milliseconds between looks whether the appends that kept the order open are over. */
const UNSETTLED_PAUSE = 20
const LONGEST_UNSETTLED_PAUSE = 500

const DEFAULT_WARN_AFTER = 5_000
/** Milliseconds between two warnings. */
const WARN_EVERY = 60_000

/**
 * Up to where the order of the store is final, for one lane that follows it. Asks no more often than appends can bear,
 * not at all while nothing was stored, and while a caller's open transaction keeps the order open says who that is.
 */
export class SettledEnd {
  readonly #options: SettledEndOptions
  readonly #stopping = new AbortController()
  readonly #backOff = new BackOff(UNSETTLED_PAUSE, LONGEST_UNSETTLED_PAUSE)
  #settled = 0n
  #notBefore = 0
  #unsettled: UnsettledOrder | undefined
  #warnAt = 0
  #retry: NodeJS.Timeout | undefined

  constructor(options: SettledEndOptions) {
    this.#options = options
  }

  /** The position after the last settled one, as far as it is known now. Calls must not overlap. */
  async find(): Promise<bigint> {
    const { history, order, streamTypes } = this.#options
    if ((await history.head()) > this.#settled) {
      await this.#pause(this.#notBefore - performance.now())
      const began = performance.now()
      const answer = await order.settledUpTo(streamTypes, this.#unsettled)
      const took = performance.now() - began
      this.#notBefore = performance.now() + Math.max(SHORTEST_PAUSE, took * PAUSE_FACTOR)
      if (typeof answer === 'bigint') this.#reached(answer)
      else this.#keptOpen(answer)
    }
    return this.#settled + 1n
  }

  /** Nothing is waited for any more, and nobody woken. */
  stop(): void {
    this.#stopping.abort()
    clearTimeout(this.#retry)
  }

  #reached(settled: bigint): void {
    // What was found in a roundabout way is the head as it was a while ago.
    if (this.#unsettled !== undefined) this.#wakeIn(0)
    this.#settled = settled
    this.#unsettled = undefined
    this.#backOff.reset()
  }

  #keptOpen(unsettled: UnsettledOrder): void {
    const { logger, streamTypes, warnAfter = DEFAULT_WARN_AFTER } = this.#options
    const now = performance.now()
    if (this.#unsettled === undefined) this.#warnAt = now + warnAfter
    this.#unsettled = unsettled
    this.#wakeIn(this.#backOff.next())
    if (now < this.#warnAt) return
    this.#warnAt = now + WARN_EVERY
    logger.warn(
      { streamTypes, settledUpTo: this.#settled, sessions: unsettled.appends.map(describeSession) },
      'what reads the store in order waits for transactions that have appended and are still open',
    )
  }

  #wakeIn(milliseconds: number): void {
    if (this.#stopping.signal.aborted) return
    clearTimeout(this.#retry)
    this.#retry = setTimeout(this.#options.wake, milliseconds)
  }

  #pause(milliseconds: number): Promise<void> {
    if (milliseconds <= 0) return Promise.resolve()
    return delay(milliseconds, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
  }
}
