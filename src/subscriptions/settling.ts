import type { LogRecord } from '../log/index.js'
import { failedOffset, recordsBefore } from './event-address.js'
import { LaneGivenUp } from './halt.js'
import type { HeldLane } from './held-lane.js'
import { inOneTransaction, mostInOneTransaction } from './in-one-transaction.js'
import { type BatchOutcome, LaneBatches } from './lane-batches.js'
import { ParkingCeiling } from './parking-ceiling.js'
import type { PassingFailures } from './passing-failures.js'
import type { SubscriptionOptions } from './subscription-options.js'
import { TryingAlone } from './trying-alone.js'

/** What came of trying to settle records. `lost`: the lane was left before. */
export type Settled = BatchOutcome | 'lost'

/**
 * Settles what comes next in a lane: many records in one transaction as long as none of them fails, a record that fails by
 * itself, and one that may have ended its process with every caution.
 */
export class Settling<Tx> {
  readonly #options: SubscriptionOptions<Tx>
  readonly #batches: LaneBatches<Tx>
  readonly #alone: TryingAlone<Tx>
  readonly #passing: PassingFailures

  constructor(options: SubscriptionOptions<Tx>, passing: PassingFailures) {
    const ceiling = new ParkingCeiling()
    this.#options = options
    this.#passing = passing
    this.#batches = new LaneBatches(options, { ceiling, passing })
    this.#alone = new TryingAlone(options, { batches: this.#batches, ceiling, passing })
  }

  /** Settles some of the records, the first of them at the least. */
  async settle(
    held: HeldLane,
    records: readonly LogRecord[],
    first: LogRecord,
    signal: AbortSignal,
  ): Promise<Settled> {
    if (held.suspicion.lasts) return this.#settleSuspects(held, records, first, signal)
    const together = inOneTransaction(records, this.#options.subscriber, held.rules)
    return this.#settleBatch(held, together, first, signal)
  }

  /** Moves the lane on to an offset before which no record is left. */
  pass(held: HeldLane, to: bigint): Promise<Settled> {
    return this.#batches.pass(held, to)
  }

  /** Each lot is noted durably before it is tried: one record by a count of its own, more of them by where the lane stands. */
  async #settleSuspects(
    held: HeldLane,
    records: readonly LogRecord[],
    first: LogRecord,
    signal: AbortSignal,
  ): Promise<Settled> {
    const { suspicion, rules } = held
    const { subscriber } = this.#options
    suspicion.narrow(mostInOneTransaction(records, subscriber, rules))
    const lot = inOneTransaction(records.slice(0, suspicion.lot), subscriber, rules)
    const outcome =
      lot.length === 1
        ? await this.#alone.settle(held, first, signal)
        : await this.#alone
            .inTurn(() => this.#batches.apply(held, lot), signal)
            .catch((error: unknown) => this.#settleFailed(held, lot, first, signal, error))
    suspicion.passed(lot.filter(({ offset }) => offset < held.next).length, lot.length)
    return outcome
  }

  async #settleBatch(
    held: HeldLane,
    records: readonly LogRecord[],
    first: LogRecord,
    signal: AbortSignal,
  ): Promise<Settled> {
    try {
      return await this.#batches.apply(held, records)
    } catch (error) {
      return this.#settleFailed(held, records, first, signal, error)
    }
  }

  /** What comes before the record that failed in a batch, or where that is nothing, the record alone. */
  async #settleFailed(
    held: HeldLane,
    records: readonly LogRecord[],
    first: LogRecord,
    signal: AbortSignal,
    error: unknown,
  ): Promise<Settled> {
    const passes = this.#passing.passes(held, failedOffset(error, records, held), error)
    if (error instanceof LaneGivenUp || passes) throw error
    const before = recordsBefore(error, records, held.rules) ?? Math.floor(records.length / 2)
    if (before > 0) return this.#settleBatch(held, records.slice(0, before), first, signal)
    return this.#alone.settle(held, first, signal, error)
  }
}
