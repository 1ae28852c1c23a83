import { setTimeout } from 'node:timers/promises'
import type { KafkaMessage } from 'kafkajs'
import { BackOff } from '../../core/back-off.js'
import { RepriseError } from '../../core/errors/index.js'
import type { Logger } from '../../core/ports/logger.js'
import { type Lane, type LaneConsumer, laneName } from '../lane-consumer.js'
import { recordOf } from './records.js'
import { settlesWithin } from './settles-within.js'

/** Steers what the client fetches. */
export interface FetchControl {
  pause(lanes: readonly Lane[]): void
  resume(lane: Lane): void
  seek(lane: Lane, offset: bigint): void
}

export interface LaneFeedOptions {
  readonly consumer: LaneConsumer
  readonly batchSize: number
  /** Milliseconds that the other lanes of a fetch wait for this one. */
  readonly patience: number
  readonly logger: Logger
  /** Told where the lane goes on from, after each batch. */
  readonly onMoved: (lane: Lane, next: bigint) => void
}

/**
 * One lane for as long as the group's present distribution lasts: fetched records go in, and their consumer gets them,
 * one batch after the other, from the offset that it asked for.
 *
 * States: paused (the consumer is asked where to begin) ⇄ flowing ⇄ paused (a batch outlasts the patience) → ended.
 * After a failure the lane pauses, a little longer each time, and begins again with `assigned`; other lanes flow on.
 */
export class LaneFeed {
  readonly lane: Lane
  readonly #options: LaneFeedOptions
  readonly #fetch: FetchControl
  readonly #backOff = new BackOff()
  readonly #lost = new AbortController()
  readonly #ended = new AbortController()
  #next: bigint | undefined
  #paused = true
  #askedAgain = false
  #beginning: Promise<void> = Promise.resolve()
  #delivery: Promise<void> | undefined

  /** The client must not fetch the lane yet. */
  constructor(lane: Lane, fetch: FetchControl, options: LaneFeedOptions) {
    this.lane = lane
    this.#fetch = fetch
    this.#options = options
  }

  /** Begins when `after`, the end of an earlier feed of this lane, is there. */
  start(after: Promise<void>): void {
    this.#beginning = after.then(() => this.#begin())
  }

  /** Takes fetched records. Resolves when they are delivered, or when the lane is paused because that takes too long or failed. */
  async take(messages: readonly KafkaMessage[]): Promise<void> {
    if (this.#isOver() || this.#paused || this.#delivery !== undefined) return
    if (!this.#isAskedFor(messages[0])) return
    const delivery = this.#deliver(messages).finally(() => (this.#delivery = undefined))
    this.#delivery = delivery
    if (!(await settlesWithin(delivery, this.#options.patience)) && !this.#isOver()) this.#pause()
  }

  /**
   * Delivers nothing any more, and resolves when no batch is under way. A batch of a lost lane is asked to give up; one
   * of a lane that stays is waited for.
   */
  async end(how: 'lost' | 'stays'): Promise<void> {
    this.#ended.abort()
    if (how === 'lost') this.#lost.abort()
    await this.#delivery
    await this.#beginning
  }

  #isOver(): boolean {
    return this.#ended.signal.aborted
  }

  async #begin(): Promise<void> {
    while (!this.#isOver()) {
      try {
        this.#goOnFrom(await this.#options.consumer.assigned(this.lane))
        return
      } catch (error) {
        await this.#pauseAfter(error, 'the consumer did not say where to begin; it will be asked again')
      }
    }
  }

  async #deliver(messages: readonly KafkaMessage[]): Promise<void> {
    const { batchSize, consumer, onMoved } = this.#options
    let next = this.#next
    try {
      for (let at = 0; at < messages.length && !this.#isOver(); at += batchSize) {
        const records = messages.slice(at, at + batchSize).map((message) => recordOf(this.lane, message))
        next = await consumer.deliver(this.lane, records, this.#lost.signal)
        this.#backOff.reset()
        if (!this.#isOver()) onMoved(this.lane, next)
        if (next - 1n !== records.at(-1)?.offset) break
      }
      if (next !== undefined) this.#goOnFrom(next)
    } catch (error) {
      if (this.#isOver()) return
      this.#pause()
      this.#beginning = this.#pauseAfter(error, 'a batch was not taken; it will be delivered again').then(
        () => this.#begin(),
      )
    }
  }

  /**
   * Whether the fetch begins where it was asked to. If not, it is asked again, since the answer may be of an earlier
   * question; what comes the second time is what the log really holds, and the consumer has to see it.
   */
  #isAskedFor(first: KafkaMessage | undefined): boolean {
    if (first === undefined || this.#next === undefined) return false
    const asked = BigInt(first.offset) === this.#next
    if (!asked && !this.#askedAgain) {
      this.#askedAgain = true
      this.#fetch.seek(this.lane, this.#next)
      return false
    }
    if (!asked) {
      const facts = { lane: laneName(this.lane), asked: this.#next.toString(), found: first.offset }
      this.#options.logger.warn(facts, 'the log does not hold the offset that was asked for')
    }
    this.#askedAgain = false
    return true
  }

  #goOnFrom(next: bigint): void {
    if (this.#isOver()) return
    this.#next = next
    this.#fetch.seek(this.lane, next)
    if (!this.#paused) return
    this.#paused = false
    this.#fetch.resume(this.lane)
  }

  #pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.#fetch.pause([this.lane])
  }

  async #pauseAfter(error: unknown, message: string): Promise<void> {
    // What the consumer will not take again it has reported itself.
    const level = RepriseError.is(error) && !error.retriable ? 'debug' : 'warn'
    this.#options.logger[level]({ lane: laneName(this.lane), error: String(error) }, message)
    await setTimeout(this.#backOff.next(), undefined, { signal: this.#ended.signal }).catch(() => undefined)
  }
}
