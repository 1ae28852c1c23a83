import { setTimeout as delay } from 'node:timers/promises'
import type { EventEncoding, ReceivedEvent } from '../core/event-encoding.js'
import { readEvent } from '../core/event-reading.js'
import { ProjectionStopped } from '../core/errors/index.js'
import type { Logger } from '../core/ports/logger.js'
import { laneName, type Lane, type LaneConsumer, type LogRecord } from '../log/index.js'
import { addressOf } from './event-address.js'
import { applyInSequence, type Applying } from './apply-in-sequence.js'
import type { CheckpointStore } from './checkpoint-store.js'

export interface SubscriptionOptions<Tx> extends Applying<Tx> {
  readonly checkpoints: CheckpointStore<Tx>
  readonly encoding: EventEncoding
  /** Records of any other store are refused. */
  readonly storeId: string
  readonly logger: Logger
  /** Whether the same work, done again, can succeed. */
  readonly isTransient: (error: unknown) => boolean
  /** Told once, when an event or its topic makes going on impossible. */
  readonly onStopped: (error: ProjectionStopped) => void
  /** Told when this generation is not to be fed any more: another one is live. */
  readonly onRetired: () => void
  /** Told after each commit, with the number of events that the subscriber was given. */
  readonly onApplied: (lane: Lane, events: number) => void
}

/** Milliseconds between tries while a swap holds the checkpoints. */
const HELD_PAUSE = 50

/**
 * Feeds a subscriber from its lanes, each event exactly once: rows, guards and checkpoint of a batch commit together,
 * and a stale owner's commit is refused by the checkpoint's epoch.
 *
 * States: running → stopped (an event could not be applied; no lane goes on) | retired (another generation is live).
 * A transient failure leaves it running: the batch is rolled back and the log delivers it again.
 */
export class Subscription<Tx> implements LaneConsumer {
  readonly #options: SubscriptionOptions<Tx>
  readonly #lanes = new Map<string, { next: bigint; readonly epoch: bigint }>()
  #ended: ProjectionStopped | 'retired' | undefined

  constructor(options: SubscriptionOptions<Tx>) {
    this.#options = options
  }

  async assigned(lane: Lane): Promise<bigint> {
    this.#refuseIfEnded()
    const { checkpoints, subscriber, onRetired } = this.#options
    const taken = await checkpoints.take(subscriber, lane)
    if (taken === 'retired') {
      this.#ended = 'retired'
      onRetired()
      throw new LaneGivenUp(subscriber.name, lane)
    }
    this.#lanes.set(laneName(lane), { ...taken })
    return taken.next
  }

  async deliver(lane: Lane, records: readonly LogRecord[], signal: AbortSignal): Promise<bigint> {
    this.#refuseIfEnded()
    const taken = this.#lanes.get(laneName(lane))
    const first = records[0]
    const last = records.at(-1)
    if (taken === undefined || first === undefined || last === undefined)
      throw new LaneGivenUp(this.#options.subscriber.name, lane)
    try {
      if (first.offset !== taken.next) throw new OffsetsMissing(taken.next, first.offset)
      const move = { lane, epoch: taken.epoch, from: taken.next, to: last.offset + 1n }
      const received = records.map((record) => this.#receive(record))
      let applied = 0
      const outcome = await this.#options.checkpoints.move(this.#options.subscriber, move, async (scope) => {
        applied = await applyInSequence(scope, received, this.#options)
      })
      if (outcome === 'fenced') throw new LaneGivenUp(this.#options.subscriber.name, lane)
      if (outcome === 'held') {
        await delay(HELD_PAUSE, undefined, { signal }).catch(() => undefined)
        return taken.next
      }
      taken.next = move.to
      this.#options.onApplied(lane, applied)
      return move.to
    } catch (error) {
      throw this.#classified(error, records)
    }
  }

  revoked(lane: Lane): Promise<void> {
    this.#lanes.delete(laneName(lane))
    return Promise.resolve()
  }

  #receive(record: LogRecord): ReceivedEvent {
    const received = this.#options.encoding.decode(record)
    if (received.storeId !== this.#options.storeId) throw new StrangeRecord(record, received.storeId)
    // A type that this build does not know may matter to it: passing it by would lose it for good.
    if (!this.#options.eventTypes.has(received.type)) readEvent(received, this.#options.eventTypes)
    return received
  }

  /** Transient failures and lost lanes go back to the log, which delivers again. Anything else ends the subscription. */
  #classified(error: unknown, records: readonly LogRecord[]): unknown {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
    if (error instanceof LaneGivenUp || this.#options.isTransient(error) || this.#options.isTransient(cause))
      return error
    if (this.#ended === undefined) {
      const { subscriber, encoding, onStopped } = this.#options
      this.#ended = new ProjectionStopped(subscriber.name, addressOf(error, records, encoding), error)
      onStopped(this.#ended)
    }
    return this.#ended
  }

  #refuseIfEnded(): void {
    if (this.#ended === 'retired') throw new Error('this generation is not fed any more')
    if (this.#ended !== undefined) throw this.#ended
  }
}

/** Another owner has the lane now, or it was never taken: take it again. */
class LaneGivenUp extends Error {
  constructor(subscriber: string, lane: Lane) {
    super(`${subscriber} does not hold lane ${laneName(lane)} any more`)
  }
}

/** The log no longer holds, or never held, the record that comes next. */
class OffsetsMissing extends Error {
  constructor(expected: bigint, found: bigint) {
    super(
      `offset ${expected.toString()} was expected but the topic goes on at ${found.toString()}: ` +
        `records were deleted or the topic was made anew; rebuild the projection, which reads the event store then`,
    )
  }
}

/** A record that another store wrote: its versions are not ours. */
class StrangeRecord extends Error {
  constructor({ topic, partition, offset }: LogRecord, storeId: string) {
    super(
      `the record at ${topic}/${partition}@${offset.toString()} was written by the store ${storeId}, not by this one: ` +
        `give each store topics of its own`,
    )
  }
}
