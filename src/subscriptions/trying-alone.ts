import { setTimeout as delay } from 'node:timers/promises'
import { Trouble } from '../core/trouble.js'
import type { LogRecord } from '../log/index.js'
import { AttemptCounts } from './attempt-counts.js'
import type { CountedAttempt } from './checkpoint-store.js'
import { LaneGivenUp } from './halt.js'
import type { HeldLane } from './held-lane.js'
import type { BatchOutcome, LaneBatches } from './lane-batches.js'
import { ProcessDied } from './parked-failure.js'
import type { ParkingCeiling } from './parking-ceiling.js'
import type { PassingFailures } from './passing-failures.js'
import { placeOf } from './record-proof.js'
import {
  type AloneOutcome,
  type Failing,
  isTriedAgain,
  mostTries,
  pausesOfTries,
  RecordParking,
} from './record-parking.js'
import type { SubscriptionOptions } from './subscription-options.js'
import { inSuspectTurn } from './suspect-turns.js'
import { isAwaited, type Verdict, verdictOf } from './verdict.js'

const TRIED_AGAIN = {
  fails: 'an event failed, and is tried again: what comes after it in its lane waits',
  over: 'an event that had failed went well',
}
/** Milliseconds of a pause from which on somebody may wonder why nothing gets on. */
const TOLD_FROM = 500

type TryResult = { readonly outcome: BatchOutcome } | { readonly error: unknown; readonly verdict: Verdict }

export interface TryingParts<Tx> {
  readonly batches: LaneBatches<Tx>
  readonly ceiling: ParkingCeiling
  readonly passing: PassingFailures
}

/** Settles one record that failed in a batch, or that may have killed its process: by applying it, or by parking it. */
export class TryingAlone<Tx> {
  readonly #options: SubscriptionOptions<Tx>
  readonly #parts: TryingParts<Tx>
  readonly #attempts: AttemptCounts<Tx>
  readonly #parking: RecordParking<Tx>

  constructor(options: SubscriptionOptions<Tx>, parts: TryingParts<Tx>) {
    this.#options = options
    this.#parts = parts
    this.#attempts = new AttemptCounts(options)
    this.#parking = new RecordParking(options, { ...parts, attempts: this.#attempts })
  }

  /**
   * Tries the record again and again, each time counted before, and parks it where it fails for good. `failure` is what it
   * failed with in a batch.
   *
   * @throws {@link Halt}, {@link LaneDeclined}, or what passes by itself
   */
  async settle(
    held: HeldLane,
    record: LogRecord,
    signal: AbortSignal,
    failure?: unknown,
  ): Promise<AloneOutcome> {
    const most = mostTries(this.#options)
    const pauses = pausesOfTries(this.#options)
    let error = failure
    let verdict = failure === undefined ? undefined : await this.#verdict(failure, held, record)
    const trouble = new Trouble(this.#options.logger, TRIED_AGAIN)
    while (verdict === undefined || isTriedAgain(verdict)) {
      const tried = await this.#countAndTry(held, record, most, error === undefined, signal)
      if (tried === 'lost') return 'lost'
      const { counted, result } = tried
      if (result === undefined) {
        error ??= new ProcessDied(most)
        verdict ??= await this.#verdict(error, held, record)
        return this.#parkUntried(held, record, { error, verdict, counted }, signal)
      }
      if ('outcome' in result) {
        if (result.outcome === 'committed') trouble.worked(this.#facts(record))
        return result.outcome
      }
      ;({ error, verdict } = result)
      if (!isTriedAgain(verdict)) break
      if (counted.attempts === most)
        return this.#parking.park(held, record, { error, verdict, counted }, signal)
      const pause = pauses.next()
      if (pause >= TOLD_FROM) {
        const tries = { attempts: counted.attempts, of: most, retryInMs: Math.round(pause) }
        trouble.failed({ ...this.#facts(record), error: String(error), ...tries })
      }
      await delay(pause, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return 'lost'
    }
    const counted = { attempts: 1, firstAt: new Date() }
    return this.#parking.park(held, record, { error, verdict, counted }, signal)
  }

  /** Parks what is not tried any more. Where that fails for a reason that is not the record's, what was counted for it is taken back. */
  async #parkUntried(
    held: HeldLane,
    record: LogRecord,
    { counted, ...failed }: Failing,
    signal: AbortSignal,
  ): Promise<AloneOutcome> {
    const tries = { ...failed, counted: { ...counted, attempts: mostTries(this.#options) } }
    try {
      return await this.#parking.park(held, record, tries, signal)
    } catch (error) {
      await this.#attempts.disregard(held, record)
      throw error
    }
  }

  /** No result: all tries are over. A suspect, which has not failed by itself yet, waits for its turn before it. */
  #countAndTry(
    held: HeldLane,
    record: LogRecord,
    most: number,
    isSuspect: boolean,
    signal: AbortSignal,
  ): Promise<{ readonly counted: CountedAttempt; readonly result: TryResult | undefined } | 'lost'> {
    const work = async () => {
      const counted = await this.#attempts.count(held, record)
      return { counted, result: counted.attempts > most ? undefined : await this.#try(held, record) }
    }
    return isSuspect ? this.inTurn(work, signal) : work()
  }

  /** As {@link inSuspectTurn}. */
  inTurn<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T | 'lost'> {
    return inSuspectTurn(this.#options.subscriber, work, signal)
  }

  /** What comes of one try. What is not the record's fault does not count, and is thrown where it passes by itself. */
  async #try(held: HeldLane, record: LogRecord): Promise<TryResult> {
    try {
      const outcome = await this.#parts.batches.apply(held, [record], true)
      if (outcome === 'held') await this.#attempts.takeBack(held, record)
      return { outcome }
    } catch (error) {
      if (this.#saysNothing(held, record, error)) {
        // Now, and not before the next try: this process may have ended by then, and the count would stay.
        await this.#attempts.disregard(held, record)
        throw error
      }
      this.#attempts.failed(held, record)
      const verdict = await this.#verdict(error, held, record)
      if ('class' in verdict) this.#attempts.keep(held)
      else await this.#attempts.takeBack(held, record)
      return { error, verdict }
    }
  }

  /** Whether the record is not what a try failed at: the lane is gone, a server is, or versions are waited for. */
  #saysNothing(held: HeldLane, { offset }: LogRecord, error: unknown): boolean {
    const { passing } = this.#parts
    return error instanceof LaneGivenUp || isAwaited(error, held.rules) || passing.passes(held, offset, error)
  }

  #facts(record: LogRecord): object {
    const { name, generation } = this.#options.subscriber
    return { subscriber: name, generation, record: placeOf(record) }
  }

  #verdict(error: unknown, { rules }: HeldLane, record: LogRecord): Promise<Verdict> {
    return verdictOf(error, record, rules, this.#options)
  }
}
