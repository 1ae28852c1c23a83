import { noFailpoints } from '../core/ports/failpoints.js'
import { streamName } from '../core/stream.js'
import { type LogRecord, nextAfter } from '../log/index.js'
import { applyBatch } from './apply-batch.js'
import type { AdmitLetters, Parks, UnreadEvent } from './apply-in-sequence.js'
import type { BatchScope, CheckpointMove } from './checkpoint-store.js'
import { LaneGivenUp } from './halt.js'
import type { AppliedRecord, HeldLane } from './held-lane.js'
import type { ParkingCeiling } from './parking-ceiling.js'
import type { Letter } from './parking.js'
import type { PassingFailures } from './passing-failures.js'
import { placeOf, proofOf } from './record-proof.js'
import type { SubscriptionOptions } from './subscription-options.js'
import { hasDenseOffsets, readRecord, type ReadRecord } from './topic-rules.js'

/** `held`: a swap holds the checkpoints; nothing was kept. */
export type BatchOutcome = 'committed' | 'held'

/** What is parked of a record, and why. */
export type Failures = Pick<Parks, 'failures' | 'rest'>
const nothingFailed: Failures = { failures: new Map() }

export interface LaneBatchesParts {
  readonly ceiling: ParkingCeiling
  readonly passing: PassingFailures
}

/** How a lane is moved on; without `last` where there was no record. */
interface Move extends Pick<CheckpointMove, 'to' | 'lastRecordedAt' | 'tried' | 'suspected'> {
  readonly last: AppliedRecord | undefined
}

/** Moves lanes on, a batch of records in one transaction with everything that becomes of them. */
export class LaneBatches<Tx> {
  readonly #options: SubscriptionOptions<Tx>
  readonly #parts: LaneBatchesParts

  constructor(options: SubscriptionOptions<Tx>, parts: LaneBatchesParts) {
    this.#options = options
    this.#parts = parts
  }

  /**
   * Applies records, or where dense offsets are missing between them those before the gap. Alone: one event after the
   * other, so that a failure names its event.
   */
  apply(held: HeldLane, records: readonly LogRecord[], alone = false): Promise<BatchOutcome> {
    return this.#commit(held, receive(held.next, records, held.rules), nothingFailed, alone)
  }

  /**
   * Settles a record of which some events cannot be applied: they are parked, each with the later ones of its key, if
   * they are not applied already, nor discarded, nor of no interest.
   */
  park(held: HeldLane, read: ReadRecord, failures: Failures, admit: AdmitLetters): Promise<BatchOutcome> {
    return this.#commit(held, [read], failures, true, admit)
  }

  /** Settles a record by parking it beside every stream, unless it was discarded before. No version is moved on. */
  async parkApart(held: HeldLane, letter: Letter, admit: AdmitLetters): Promise<BatchOutcome> {
    const { record, event, sequenceKey } = letter
    // As a discard notes it: what a letter without a key says of its event need not be true.
    const id = sequenceKey === undefined || event === undefined ? placeOf(record) : event.eventId
    return this.#move(held, [{ record, event: undefined }], true, async (scope) => {
      if ((await scope.parked?.discardedAmong([id]))?.has(id) === true) return 0
      admit([letter])
      await scope.parking.park([letter])
      await this.#failpoints.reach('park:in')
      return 0
    })
  }

  /** Moves the lane on to an offset before which no record is left, which ends no wait for versions. */
  pass(held: HeldLane, to: bigint): Promise<BatchOutcome> {
    const { lasts: suspected } = held.suspicion
    const move = { to, last: undefined, lastRecordedAt: undefined, tried: false, suspected }
    return this.#moveTo(held, move, () => Promise.resolve(0))
  }

  async #commit(
    held: HeldLane,
    read: readonly ReadRecord[],
    failures: Failures,
    alone: boolean,
    admit: AdmitLetters = () => undefined,
  ): Promise<BatchOutcome> {
    const { rules, gap, lane } = held
    const parks = { ...failures, recordOf: this.#recordsOf(read), admit }
    const applying = { ...this.#options, parks, alone }
    return this.#move(held, read, alone, (scope) =>
      applyBatch(scope, lane.topic, read, rules, gap?.missing, applying),
    )
  }

  async #move(
    held: HeldLane,
    read: readonly ReadRecord[],
    tried: boolean,
    work: (scope: BatchScope<Tx>) => Promise<number>,
  ): Promise<BatchOutcome> {
    const last = read.at(-1)
    if (last === undefined) return 'committed'
    const { rules, suspicion } = held
    const { record, event } = last
    const move = {
      to: hasDenseOffsets(rules) ? record.offset + 1n : nextAfter(record),
      last: { offset: record.offset, proof: proofOf(record, rules) },
      lastRecordedAt: event?.recordedAt ?? record.timestamp,
      tried: tried || suspicion.lasts,
      suspected: suspicion.lastsAfter(read.length),
    }
    const outcome = await this.#moveTo(held, move, work)
    if (outcome !== 'committed') return outcome
    held.gap?.close()
    held.gap = undefined
    this.#parts.ceiling.meet(streamsIn(read))
    return outcome
  }

  async #moveTo(
    held: HeldLane,
    { last, ...move }: Move,
    work: (scope: BatchScope<Tx>) => Promise<number>,
  ): Promise<BatchOutcome> {
    const { checkpoints, subscriber, onApplied } = this.#options
    const { lane, epoch, next: from } = held
    const checkpoint = { lane, epoch, from, lastEventId: last?.proof, ...move }
    await this.#failpoints.reach('deliver:before')
    let applied = 0
    const outcome = await checkpoints.move(subscriber, checkpoint, async (scope) => {
      await this.#failpoints.reach('checkpoint:in')
      applied = await work(scope)
      await this.#failpoints.reach('commit:in')
    })
    if (outcome === 'fenced') throw new LaneGivenUp(subscriber.name, lane)
    if (outcome === 'held') return 'held'
    await this.#failpoints.reach('commit:after')
    held.next = move.to
    held.last = last ?? held.last
    held.anchor ??= held.last
    if (applied > 0) this.#parts.passing.applied()
    onApplied(lane, applied)
    return 'committed'
  }

  get #failpoints() {
    return this.#options.failpoints ?? noFailpoints
  }

  /** An event that no record was delivered of gets the one that would have been, in the place of the one that it came with. */
  #recordsOf(read: readonly ReadRecord[]): Parks['recordOf'] {
    let records: ReadonlyMap<UnreadEvent | undefined, LogRecord> | undefined
    return (event) => {
      records ??= new Map(read.map((it) => [it.event, it.record]))
      const own = records.get(event)
      const near = own ?? read.find((it) => isBehind(it, event))?.record ?? read[0]?.record
      if (own !== undefined || near === undefined) return recordFound(own)
      const { topic, partition, offset } = near
      const { headers, value } = this.#options.encoding.encode({ ...event, position: 0n })
      return { topic, partition, offset, key: event.stream.id, headers, value, timestamp: event.recordedAt }
    }
  }
}

/** Whether an event that its topic skipped came with this record, which made it be fetched. */
function isBehind({ event }: ReadRecord, { stream, version }: UnreadEvent): boolean {
  return event !== undefined && streamName(event.stream) === streamName(stream) && event.version > version
}

function recordFound(record: LogRecord | undefined): LogRecord {
  if (record === undefined) throw new Error('an event came with no record')
  return record
}

/** Reads records; where dense offsets are missing between them, those before the gap. */
function receive(next: bigint, records: readonly LogRecord[], rules: HeldLane['rules']) {
  const gap = hasDenseOffsets(rules)
    ? records.findIndex(({ offset }, index) => offset !== next + BigInt(index))
    : -1
  return (gap < 0 ? records : records.slice(0, gap)).map((record) => readRecord(record, rules))
}

const streamsIn = (read: readonly ReadRecord[]): ReadonlySet<string> =>
  new Set(read.flatMap(({ event }) => (event === undefined ? [] : [streamName(event.stream)])))
