import { noFailpoints } from '../core/ports/failpoints.js'
import { laneName, type LogRecord } from '../log/index.js'
import type { CountedAttempt } from './checkpoint-store.js'
import type { HeldLane } from './held-lane.js'
import type { SubscriptionOptions } from './subscription-options.js'

type CountingOptions<Tx> = Pick<SubscriptionOptions<Tx>, 'checkpoints' | 'subscriber' | 'failpoints'>

/** How often records are tried alone, noted durably before each try: what kills its process counts as well. */
export class AttemptCounts<Tx> {
  readonly #options: CountingOptions<Tx>
  /** By lane, the offset of a record whose last try was counted, and is to be taken back as long as nobody decides otherwise. */
  readonly #owed = new Map<string, bigint>()

  constructor(options: CountingOptions<Tx>) {
    this.#options = options
  }

  /** Counts that the record is about to be tried. */
  async count(held: HeldLane, record: LogRecord): Promise<CountedAttempt> {
    const { failpoints = noFailpoints } = this.#options
    const counted = await this.countRest(held, record)
    await failpoints.reach('attempt:after')
    return counted
  }

  /** Counts that the record is about to be parked, and what came with it to be tried. */
  async countRest({ lane }: HeldLane, { offset }: LogRecord): Promise<CountedAttempt> {
    const { checkpoints, subscriber } = this.#options
    const name = laneName(lane)
    if (this.#owed.get(name) === offset) await checkpoints.takeBackAttempt(subscriber, lane, offset)
    this.#owed.delete(name)
    return checkpoints.countAttempt(subscriber, lane, offset)
  }

  /** The try that was counted last failed, and it is not known yet whether that is the record's fault. */
  failed({ lane }: HeldLane, { offset }: LogRecord): void {
    this.#owed.set(laneName(lane), offset)
  }

  /** The try that failed counts. */
  keep({ lane }: HeldLane): void {
    this.#owed.delete(laneName(lane))
  }

  async takeBack({ lane }: HeldLane, { offset }: LogRecord): Promise<void> {
    const { checkpoints, subscriber } = this.#options
    this.#owed.delete(laneName(lane))
    await checkpoints.takeBackAttempt(subscriber, lane, offset)
  }

  /** The try that was counted last says nothing about the record. Where that cannot be noted now, it is before the next one. */
  async disregard(held: HeldLane, record: LogRecord): Promise<void> {
    await this.takeBack(held, record).catch(() => this.failed(held, record))
  }

  /** Begins to count from the first try again: for another event of the record, or for whoever starts next. */
  async beginAgain({ lane }: HeldLane, { offset }: LogRecord): Promise<void> {
    const { checkpoints, subscriber } = this.#options
    await checkpoints.forgetAttempts(subscriber, lane, offset + 1n)
  }
}
