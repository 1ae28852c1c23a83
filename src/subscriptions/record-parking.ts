import { setTimeout as delay } from 'node:timers/promises'
import { BackOff } from '../core/back-off.js'
import { ParkingCeilingReached } from '../core/errors/index.js'
import { type Lane, LaneDeclined, laneName, type LogRecord } from '../log/index.js'
import type { AdmitLetters } from './apply-in-sequence.js'
import type { AttemptCounts } from './attempt-counts.js'
import type { CountedAttempt } from './checkpoint-store.js'
import { addressOf } from './event-address.js'
import { Halt, LaneGivenUp } from './halt.js'
import type { HeldLane } from './held-lane.js'
import type { BatchOutcome, LaneBatches } from './lane-batches.js'
import { parkedFailureOf, ProcessDied } from './parked-failure.js'
import type { ParkingCeiling } from './parking-ceiling.js'
import type { Letter, ParkedFailure } from './parking.js'
import { ParkingRoom } from './parking-room.js'
import type { PassingFailures } from './passing-failures.js'
import { placeOf } from './record-proof.js'
import type { SubscriptionOptions } from './subscription-options.js'
import type { ReadRecord } from './topic-rules.js'
import { isTransientFailure } from './transient-failure.js'
import { isAwaited, type Verdict, verdictOf } from './verdict.js'

/** `lost`: the lane went to another owner while it was waited for the next try. */
export type AloneOutcome = BatchOutcome | 'lost'

/** What a record failed with for good, and how often that was tried. */
export interface Failing {
  readonly error: unknown
  readonly verdict: Verdict
  readonly counted: CountedAttempt
}

export interface RecordParkingParts<Tx> {
  readonly batches: LaneBatches<Tx>
  readonly ceiling: ParkingCeiling
  readonly passing: PassingFailures
  readonly attempts: AttemptCounts<Tx>
}

/** Milliseconds between tries of one event. */
const FIRST_PAUSE = 20
const LONGEST_PAUSE = 1_000

const DEFAULT_ATTEMPTS = 5

export const pausesOfTries = ({ pauses }: Pick<SubscriptionOptions<never>, 'pauses'>): BackOff =>
  new BackOff(pauses?.first ?? FIRST_PAUSE, pauses?.longest ?? LONGEST_PAUSE)

export const mostTries = ({ attempts = DEFAULT_ATTEMPTS }: { readonly attempts?: number }): number => attempts

/** What can be read may succeed another time. */
export const isTriedAgain = (verdict: Verdict): boolean => 'class' in verdict && verdict.class === 'handler'

/** Parks records at which tries failed for good, or says what stands against it. */
export class RecordParking<Tx> {
  readonly #options: SubscriptionOptions<Tx>
  readonly #parts: RecordParkingParts<Tx>
  readonly #room: ParkingRoom<Tx>

  constructor(options: SubscriptionOptions<Tx>, parts: RecordParkingParts<Tx>) {
    this.#options = options
    this.#parts = parts
    this.#room = new ParkingRoom(options, parts.ceiling)
  }

  /**
   * Parks the record, together with every event before it that its topic skipped and that fails as well.
   *
   * @throws {@link Halt}, {@link LaneDeclined}, or what passes by itself
   */
  async park(held: HeldLane, record: LogRecord, first: Failing, signal: AbortSignal): Promise<AloneOutcome> {
    const failures = new Map<string, ParkedFailure>()
    let failing = first
    for (;;) {
      const { error, verdict, counted } = failing
      if (verdict.outcome === 'halt') throw this.#halt(error, held, record)
      if (verdict.outcome === 'ahead') throw await this.#declined(held, verdict.event.type)
      const facts = { class: verdict.class, attempts: counted.attempts, firstFailedAt: counted.firstAt }
      const parked = parkedFailureOf(error, { ...facts, type: verdict.event?.type })
      if (verdict.outcome === 'park apart') return this.#parkApart(held, record, verdict, parked)
      // It is parked already, and still it cannot go on: no letter helps there.
      if (failures.has(verdict.event.eventId))
        throw this.#isTransient(error) ? error : this.#halt(error, held, record)
      failures.set(verdict.event.eventId, parked)
      const next = await this.#parkAndApplyRest(held, record, verdict.read, failures, signal)
      if (typeof next === 'string') return next
      failing = next
    }
  }

  /**
   * Parks what failed and applies the rest. An event of the rest that fails has as many tries as the first one had; where the
   * rest ends its process, it is parked as well.
   */
  async #parkAndApplyRest(
    held: HeldLane,
    record: LogRecord,
    read: ReadRecord,
    failures: ReadonlyMap<string, ParkedFailure>,
    signal: AbortSignal,
  ): Promise<AloneOutcome | Failing> {
    const { batches, attempts } = this.#parts
    const pauses = pausesOfTries(this.#options)
    const rest = diedWith(await attempts.countRest(held, record), mostTries(this.#options))
    let counted: CountedAttempt | undefined
    for (;;) {
      try {
        const outcome = await this.#withinCeiling(held, record, (admit) =>
          batches.park(held, read, { failures, rest }, admit),
        )
        if (outcome === 'held') await attempts.takeBack(held, record)
        return outcome
      } catch (error) {
        if (this.#isNoFailure(held, record, error) || isAwaited(error, held.rules)) {
          await attempts.disregard(held, record)
          throw error
        }
        if (counted === undefined) await attempts.takeBack(held, record)
        const verdict = await verdictOf(error, record, held.rules, this.#options)
        const isOver = counted !== undefined && counted.attempts >= mostTries(this.#options)
        if (isOver || !isTriedAgain(verdict) || isAmong(failures, verdict))
          return { error, verdict, counted: counted ?? { attempts: 1, firstAt: new Date() } }
      }
      await delay(pauses.next(), undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return 'lost'
      if (counted === undefined) await attempts.beginAgain(held, record)
      counted = await attempts.count(held, record)
    }
  }

  async #parkApart(
    held: HeldLane,
    record: LogRecord,
    { event, stream }: Extract<Verdict, { outcome: 'park apart' }>,
    failure: ParkedFailure,
  ): Promise<BatchOutcome> {
    const letter = { record, event, sequenceKey: stream, failure }
    try {
      return await this.#withinCeiling(held, record, (admit) =>
        this.#parts.batches.parkApart(held, letter, admit),
      )
    } catch (error) {
      throw this.#isTransient(error) || this.#isNoFailure(held, record, error)
        ? error
        : this.#halt(error, held, record)
    }
  }

  #isTransient(error: unknown): boolean {
    return isTransientFailure(error, this.#options.isTransient)
  }

  /** What is thrown on as it is: no letter would help there. */
  #isNoFailure(held: HeldLane, { offset }: LogRecord, error: unknown): boolean {
    const { passing } = this.#parts
    return error instanceof Halt || error instanceof LaneGivenUp || passing.passes(held, offset, error)
  }

  /** Parks as far as the ceiling allows it, and says what was parked. */
  async #withinCeiling(
    held: HeldLane,
    record: LogRecord,
    park: (admit: AdmitLetters) => Promise<BatchOutcome>,
  ): Promise<BatchOutcome> {
    try {
      return await this.#room.park(park, (letter) => this.#parked(held, letter))
    } catch (error) {
      if (!(error instanceof ParkingCeilingReached)) throw error
      // Nothing came of its tries: whoever starts again, with the cause corrected perhaps, has all of them.
      await this.#parts.attempts.beginAgain(held, record)
      throw this.#halt(error, held, record)
    }
  }

  #parked({ lane }: HeldLane, { record, sequenceKey, failure }: Letter): void {
    const { subscriber, logger, onParked } = this.#options
    if (failure === undefined) return
    const { name, generation } = subscriber
    const { class: errorClass, message, stack, fingerprint, attempts } = failure
    logger.error(
      {
        subscriber: name,
        generation,
        record: placeOf(record),
        sequenceKey,
        errorClass,
        error: `${failure.name}: ${message}`,
        stack,
        fingerprint,
        attempts,
      },
      sequenceKey === undefined
        ? 'a record was parked: it is no event that anything waits for'
        : 'an event was parked: those of its key wait behind it, the others go on',
    )
    onParked?.(lane, { sequenceKey, failure })
  }

  #halt(cause: unknown, { rules }: HeldLane, record: LogRecord): Halt {
    return new Halt(cause, addressOf(cause, record, rules))
  }

  /** Says for everybody to see what the lane waits for, and leaves it to those who have it. */
  async #declined({ lane, epoch }: HeldLane, type: string): Promise<LaneDeclined> {
    const { checkpoints, subscriber, logger } = this.#options
    const reason = waitsForNewer(lane, type)
    await checkpoints.wait(subscriber, lane, epoch, reason)
    logger.warn(
      { subscriber: subscriber.name, generation: subscriber.generation, lane: laneName(lane) },
      reason,
    )
    return new LaneDeclined(lane, reason)
  }
}

/** Why what came with a record is parked too: its process ended at it as often as at the record, and while that was parked. */
function diedWith({ attempts, firstAt }: CountedAttempt, most: number): ParkedFailure | undefined {
  // A process that ended while the record was parked counts twice, for the record and for the rest.
  if (attempts <= 2 * most + 1) return undefined
  const facts = { class: 'handler', type: undefined, attempts: most, firstFailedAt: firstAt } as const
  return parkedFailureOf(new ProcessDied(most), facts)
}

/** Whether it is parked for this failure already. */
const isAmong = (failures: ReadonlyMap<string, ParkedFailure>, verdict: Verdict): boolean =>
  verdict.outcome === 'park' && failures.has(verdict.event.eventId)

const waitsForNewer = (lane: Lane, type: string): string =>
  `a newer release is writing ${type}, which this build does not know: ${laneName(lane)} waits for a process that does`
