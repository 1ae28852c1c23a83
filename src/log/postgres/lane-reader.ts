import { setTimeout } from 'node:timers/promises'
import { BackOff } from '../../core/back-off.js'
import { RepriseError } from '../../core/errors/index.js'
import type { Logger } from '../../core/ports/logger.js'
import { Trouble } from '../../core/trouble.js'
import { laneName, type Lane, type LaneConsumer, LaneDeclined, recheck, TAKING } from '../lane-consumer.js'
import type { LaneSource } from './lane-source.js'

export interface LaneReaderOptions {
  readonly lane: Lane
  /** The epoch of the lease under which the lane is read. */
  readonly epoch: bigint
  readonly reader: LaneSource
  readonly consumer: LaneConsumer
  readonly logger: Logger
  readonly batchSize: number
  /** Told once the consumer has given the lane up, to leave it to other members. */
  readonly onDeclined: () => void
}

/**
 * A lane that has caught up rests for as long as its batch took, at most this many milliseconds. Under load this makes
 * batches larger instead of more numerous: a batch of three events costs nearly what one of three hundred does. The
 * first event after a quiet moment is not held up.
 */
const LONGEST_REST = 50

/**
 * Delivers one partition to its consumer, a batch at a time, for as long as the lane is held.
 *
 * States: created → assigned (the consumer said where to begin) → delivering ⇄ waiting for the end to move → stopped, or
 * declined by the consumer. After a failure it pauses, growing up to 5 s, and begins again with `assigned`. It does so
 * without a pause when the records that come next are not there any more, or the topic is not the one it was: the
 * consumer knows what that means to it.
 */
export class LaneReader {
  readonly epoch: bigint
  readonly #options: LaneReaderOptions
  readonly #stopping = new AbortController()
  #end = 0n
  #changed = false
  #wake: (() => void) | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(options: LaneReaderOptions) {
    this.#options = options
    this.epoch = options.epoch
  }

  start(): void {
    this.#running = this.#run()
  }

  /** The partition holds records before this offset. One before what it held is none that only grew. */
  endsAt(end: bigint): void {
    if (end < this.#end) this.changed()
    if (end === this.#end) return
    this.#end = end
    this.#wake?.()
  }

  /** The topic is not the one that was read, so the consumer is asked again where to begin. */
  changed(): void {
    this.#changed = true
    this.#wake?.()
  }

  /** Waits for the batch under way. Safe to call twice; never rejects. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#wake?.()
    await this.#running
  }

  async #run(): Promise<void> {
    const { lane, consumer, logger, onDeclined } = this.#options
    const backOff = new BackOff()
    const taking = new Trouble(logger, TAKING)
    const of = laneName(lane)
    let declined = false
    while (!this.#isStopping()) {
      try {
        let next: bigint | 'gone' = await this.#begin()
        while (!this.#isStopping() && !this.#changed && next !== 'gone') {
          next = await this.#deliverFrom(next)
          backOff.reset()
          if (next !== 'gone') taking.worked({ lane: of })
        }
      } catch (error) {
        declined = error instanceof LaneDeclined
        if (declined) break
        const pause = backOff.next()
        const facts = { lane: of, error: String(error), retryInMs: Math.round(pause) }
        // What the consumer will not take again it has reported itself.
        if (RepriseError.is(error) && !error.retriable) taking.noted(facts)
        else taking.failed(facts)
        await this.#pause(pause)
      }
    }
    await consumer.revoked(lane).catch((error: unknown) => {
      logger.warn({ lane: laneName(lane), error: String(error) }, 'a lane was not given up in order')
    })
    if (declined && !this.#isStopping()) onDeclined()
  }

  #begin(): Promise<bigint> {
    const { lane, consumer } = this.#options
    const changed = this.#changed
    this.#changed = false
    return changed ? recheck(consumer, lane) : consumer.assigned(lane)
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted
  }

  /** Answers where to go on, or, where offsets have no gaps, that the records up to the known end were deleted. */
  async #deliverFrom(next: bigint): Promise<bigint | 'gone'> {
    if (next >= this.#end) {
      await this.#rest()
      return next
    }
    const { lane, reader, consumer, batchSize } = this.#options
    const end = this.#end
    const records = await reader.read(lane, next, batchSize, end)
    if (records.length === 0) {
      if (!reader.dense) return end
      // Should the consumer want the same offset again, it waits until the end is looked up again.
      this.#end = next
      return 'gone'
    }
    const began = performance.now()
    const after = await consumer.deliver(lane, records, this.#stopping.signal)
    if (records.length < batchSize) await this.#pause(Math.min(performance.now() - began, LONGEST_REST))
    return after
  }

  #pause(milliseconds: number): Promise<void> {
    return setTimeout(milliseconds, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
  }

  /** Until the end moves or the lane stops. */
  #rest(): Promise<void> {
    if (this.#isStopping() || this.#changed) return Promise.resolve()
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
    })
  }
}
