import { setTimeout } from 'node:timers/promises'
import { BackOff } from '../../core/back-off.js'
import { RepriseError } from '../../core/errors/index.js'
import type { Logger } from '../../core/ports/logger.js'
import { laneName, type Lane, type LaneConsumer } from '../lane-consumer.js'
import type { RecordReader } from './record-reader.js'

export interface LaneReaderOptions {
  readonly lane: Lane
  /** The epoch of the lease under which the lane is read. */
  readonly epoch: bigint
  readonly reader: RecordReader
  readonly consumer: LaneConsumer
  readonly logger: Logger
  readonly batchSize: number
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
 * States: created → assigned (the consumer said where to begin) → delivering ⇄ waiting for the end to move → stopped.
 * After a failure it pauses, growing up to 5 s, and begins again with `assigned`. It does so without a pause when the
 * records that come next are not there any more: the consumer knows what that means to it.
 */
export class LaneReader {
  readonly epoch: bigint
  readonly #options: LaneReaderOptions
  readonly #stopping = new AbortController()
  #end = 0n
  #wake: (() => void) | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(options: LaneReaderOptions) {
    this.#options = options
    this.epoch = options.epoch
  }

  start(): void {
    this.#running = this.#run()
  }

  /** The partition holds records before this offset. */
  endsAt(end: bigint): void {
    if (end <= this.#end) return
    this.#end = end
    this.#wake?.()
  }

  /** Waits for the batch under way. Safe to call twice; never rejects. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#wake?.()
    await this.#running
  }

  async #run(): Promise<void> {
    const { lane, consumer, logger } = this.#options
    const backOff = new BackOff()
    while (!this.#stopping.signal.aborted) {
      try {
        let next: bigint | 'gone' = await consumer.assigned(lane)
        while (!this.#isStopping() && next !== 'gone') {
          next = await this.#deliverFrom(next)
          backOff.reset()
        }
      } catch (error) {
        const pause = backOff.next()
        // What the consumer will not take again it has reported itself.
        const level = RepriseError.is(error) && !error.retriable ? 'debug' : 'warn'
        logger[level](
          { lane: laneName(lane), error: String(error), retryInMs: pause },
          'a batch was not taken; it will be delivered again',
        )
        await this.#pause(pause)
      }
    }
    await consumer.revoked(lane).catch((error: unknown) => {
      logger.warn({ lane: laneName(lane), error: String(error) }, 'a lane was not given up in order')
    })
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted
  }

  /** Answers where to go on, or that the records from `next` to the known end were deleted. */
  async #deliverFrom(next: bigint): Promise<bigint | 'gone'> {
    if (next >= this.#end) {
      await this.#rest()
      return next
    }
    const { lane, reader, consumer, batchSize } = this.#options
    const records = await reader.read(lane, next, batchSize)
    if (records.length === 0) {
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
    if (this.#stopping.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
    })
  }
}
