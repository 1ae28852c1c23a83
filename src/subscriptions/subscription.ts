import { setTimeout as delay } from 'node:timers/promises'
import type { EventEncoding, ReceivedEvent } from '../core/event-encoding.js'
import { readEvent } from '../core/event-reading.js'
import { type EventAddress, ProjectionStopped } from '../core/errors/index.js'
import { laneName, type Lane, type LaneConsumer, type LogRecord } from '../log/index.js'
import { addressOf, recordsBefore } from './event-address.js'
import { applyInSequence, type Applying } from './apply-in-sequence.js'
import type { CheckpointStore } from './checkpoint-store.js'
import { strange, unreadable } from './record-refused.js'
import { TopicChanged } from './topic-changed.js'
import { isTransientFailure } from './transient-failure.js'

/** Where a partition begins and ends now. */
export interface LaneBounds {
  readonly earliest: bigint
  readonly end: bigint
}

export interface SubscriptionOptions<Tx> extends Applying<Tx> {
  readonly checkpoints: CheckpointStore<Tx>
  readonly encoding: EventEncoding
  /** Records of any other store are refused. */
  readonly storeId: string
  readonly boundsOf: (lane: Lane) => Promise<LaneBounds>
  /** Whether the same work, done again, can succeed. */
  readonly isTransient: (error: unknown) => boolean
  /** Told once, when an event or its topic makes going on impossible. */
  readonly onStopped: (error: ProjectionStopped) => void
  /** Told when this generation is not to be fed any more: another one is live. */
  readonly onRetired: () => void
  /** Told after each commit, with the number of events that the subscriber was given. */
  readonly onApplied: (lane: Lane, events: number) => void
}

/** A lane that this process holds. */
interface HeldLane {
  readonly epoch: bigint
  next: bigint
  /** The event that must be at the offset before `next`, for as long as that was not looked at. */
  proof: string | undefined
}

/** Milliseconds between tries while a swap holds the checkpoints. */
const HELD_PAUSE = 50

/**
 * Feeds a subscriber from its lanes, each event exactly once: rows, guards and checkpoint of a batch commit together,
 * and a stale owner's commit is refused by the checkpoint's epoch. A lane is only gone on with while the topic is the
 * one that its checkpoint was made on.
 *
 * States: running → stopped (an event could not be applied; no lane goes on) | retired (another generation is live).
 * A transient failure leaves it running: the batch is rolled back and the log delivers it again. Before it stops, what
 * comes before the failed event in its lane is applied.
 */
export class Subscription<Tx> implements LaneConsumer {
  readonly #options: SubscriptionOptions<Tx>
  readonly #lanes = new Map<string, HeldLane>()
  #ended: ProjectionStopped | 'retired' | undefined

  constructor(options: SubscriptionOptions<Tx>) {
    this.#options = options
  }

  async assigned(lane: Lane): Promise<bigint> {
    this.#refuseIfEnded()
    const { checkpoints, subscriber, boundsOf, onRetired } = this.#options
    const taken = await checkpoints.take(subscriber, lane)
    if (taken === 'retired') {
      this.#ended = 'retired'
      onRetired()
      throw new LaneGivenUp(subscriber.name, lane)
    }
    const { next, epoch, lastEventId } = taken
    const { earliest, end } = await boundsOf(lane)
    if (next < earliest) throw this.#stop(TopicChanged.begins(lane, next, earliest))
    if (next > end) throw this.#stop(TopicChanged.ends(lane, next, end))
    const proof = next > earliest ? lastEventId : undefined
    this.#lanes.set(laneName(lane), { next, epoch, proof })
    return proof === undefined ? next : next - 1n
  }

  async deliver(lane: Lane, delivered: readonly LogRecord[], signal: AbortSignal): Promise<bigint> {
    this.#refuseIfEnded()
    const held = this.#lanes.get(laneName(lane))
    if (held === undefined) throw new LaneGivenUp(this.#options.subscriber.name, lane)
    const records = this.#proven(lane, held, delivered)
    const [first] = records
    if (first === undefined) return held.next
    if (first.offset !== held.next) throw this.#stop(TopicChanged.begins(lane, held.next, first.offset))
    if ((await this.#apply(lane, held, records)) === 'held')
      await delay(HELD_PAUSE, undefined, { signal }).catch(() => undefined)
    return held.next
  }

  revoked(lane: Lane): Promise<void> {
    this.#lanes.delete(laneName(lane))
    return Promise.resolve()
  }

  /** What comes after the record that the checkpoint ended at, if that is still the record it was. */
  #proven(lane: Lane, held: HeldLane, records: readonly LogRecord[]): readonly LogRecord[] {
    const { proof } = held
    const [first] = records
    if (proof === undefined || first === undefined) return records
    held.proof = undefined
    if (first.offset !== held.next - 1n) return records
    const found = this.#eventIdIn(first)
    if (found !== proof) throw this.#stop(TopicChanged.holds(lane, first.offset, proof, found))
    return records.slice(1)
  }

  #eventIdIn(record: LogRecord): string {
    try {
      return this.#options.encoding.decode(record).eventId
    } catch (error) {
      throw this.#stop(unreadable(record, error))
    }
  }

  /** Applies the records in one transaction, or as many of them as come before one that cannot be applied. */
  async #apply(lane: Lane, held: HeldLane, records: readonly LogRecord[]): Promise<'committed' | 'held'> {
    try {
      return await this.#applyAll(lane, held, records)
    } catch (error) {
      if (error instanceof LaneGivenUp || isTransientFailure(error, this.#options.isTransient)) throw error
      const { encoding } = this.#options
      const [record, second] = records
      if (record === undefined || second === undefined)
        throw this.#stop(error, record && addressOf(error, record, encoding))
      const before = recordsBefore(error, records, encoding) ?? Math.floor(records.length / 2)
      return this.#apply(lane, held, records.slice(0, Math.max(before, 1)))
    }
  }

  async #applyAll(lane: Lane, held: HeldLane, records: readonly LogRecord[]): Promise<'committed' | 'held'> {
    const { checkpoints, subscriber, onApplied } = this.#options
    const events = this.#receive(held.next, records)
    const last = events.at(-1)
    if (last === undefined) return 'committed'
    const to = held.next + BigInt(events.length)
    const move = { lane, epoch: held.epoch, from: held.next, to, lastEventId: last.eventId }
    let applied = 0
    const outcome = await checkpoints.move(subscriber, move, async (scope) => {
      applied = await applyInSequence(scope, events, this.#options)
    })
    if (outcome === 'fenced') throw new LaneGivenUp(subscriber.name, lane)
    if (outcome === 'held') return 'held'
    held.next = to
    onApplied(lane, applied)
    return 'committed'
  }

  /** Reads records that follow one another; where offsets are missing between them, those before the gap. */
  #receive(next: bigint, records: readonly LogRecord[]): readonly ReceivedEvent[] {
    const { storeId, encoding, eventTypes } = this.#options
    const gap = records.findIndex(({ offset }, index) => offset !== next + BigInt(index))
    return (gap < 0 ? records : records.slice(0, gap)).map((record) => {
      const received = readable(record, () => encoding.decode(record))
      if (received.storeId !== storeId) throw strange(record, received.storeId)
      // A type that this build does not know may matter to it: passing it by would lose it for good.
      if (!eventTypes.has(received.type)) readable(record, () => readEvent(received, eventTypes))
      return received
    })
  }

  #stop(cause: unknown, address?: EventAddress): ProjectionStopped {
    if (this.#ended instanceof ProjectionStopped) return this.#ended
    const stopped = new ProjectionStopped(this.#options.subscriber.name, address, cause)
    if (this.#ended === undefined) {
      this.#ended = stopped
      this.#options.onStopped(stopped)
    }
    return stopped
  }

  #refuseIfEnded(): void {
    if (this.#ended === 'retired') throw new Error('this generation is not fed any more')
    if (this.#ended !== undefined) throw this.#ended
  }
}

function readable<T>(record: LogRecord, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw unreadable(record, error)
  }
}

/** Another owner has the lane now, or it was never taken: take it again. */
class LaneGivenUp extends Error {
  constructor(subscriber: string, lane: Lane) {
    super(`${subscriber} does not hold lane ${laneName(lane)} any more`)
  }
}
