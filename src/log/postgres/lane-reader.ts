import { setTimeout } from 'node:timers/promises'
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

const FIRST_PAUSE = 100
const LONGEST_PAUSE = 5_000

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
 * After a failure it pauses, growing up to 5 s, and begins again with `assigned`.
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
    let pause = FIRST_PAUSE
    while (!this.#stopping.signal.aborted) {
      try {
        let next = await consumer.assigned(lane)
        while (!this.#isStopping()) {
          next = await this.#deliverFrom(next)
          pause = FIRST_PAUSE
        }
      } catch (error) {
        logger.warn(
          { lane: laneName(lane), error: String(error), retryInMs: pause },
          'a batch was not taken; it will be delivered again',
        )
        await this.#pause(pause)
        pause = Math.min(pause * 2, LONGEST_PAUSE)
      }
    }
    await consumer.revoked(lane).catch((error: unknown) => {
      logger.warn({ lane: laneName(lane), error: String(error) }, 'a lane was not given up in order')
    })
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted
  }

  async #deliverFrom(next: bigint): Promise<bigint> {
    if (next >= this.#end) {
      await this.#rest()
      return next
    }
    const { lane, reader, consumer, batchSize } = this.#options
    const records = await reader.read(lane, next, batchSize)
    if (records.length === 0) {
      this.#end = next
      return next
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
