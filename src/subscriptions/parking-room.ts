import { ParkingCeilingReached } from '../core/errors/index.js'
import type { AdmitLetters } from './apply-in-sequence.js'
import type { BatchOutcome } from './lane-batches.js'
import type { ParkingCeiling } from './parking-ceiling.js'
import type { Letter } from './parking.js'
import { placeOf } from './record-proof.js'
import type { SubscriptionOptions } from './subscription-options.js'
import { isTrusted } from './topic-rules.js'

/** Keys that were parked by processes before this one and count against the ceiling. */
const MOST_EARLIER_KEYS = 1_000
/** Their letters are of the last so many records of a lane: what failed long before tells nothing of this build. */
const RECENT_RECORDS = 1_000

type RoomOptions<Tx> = Pick<SubscriptionOptions<Tx>, 'checkpoints' | 'subscriber' | 'foreignTopics'>

/** Has letters written as far as the ceiling allows it. Only those count that really are, and as long as they stay. */
export class ParkingRoom<Tx> {
  readonly #options: RoomOptions<Tx>
  readonly #ceiling: ParkingCeiling
  /** Topics whose producer is trusted: what cannot be read there is an event that is missing, also where it has no key. */
  readonly #trusted: ReadonlySet<string>
  #earlier: Promise<void> | undefined

  constructor(options: RoomOptions<Tx>, ceiling: ParkingCeiling) {
    this.#options = options
    this.#ceiling = ceiling
    const trusted = [...(options.foreignTopics ?? [])].filter(([, rules]) => isTrusted(rules))
    this.#trusted = new Set(trusted.map(([topic]) => topic))
  }

  /**
   * Runs `park`, again where the ceiling refused a letter and others were solved meanwhile. `onParked` is told the
   * letters of what failed that it wrote.
   *
   * @throws {@link ParkingCeilingReached}, and what `park` throws
   */
  async park(
    park: (admit: AdmitLetters) => Promise<BatchOutcome>,
    onParked: (letter: Letter) => void,
  ): Promise<BatchOutcome> {
    await this.#loadEarlier()
    try {
      return await this.#parkOnce(park, onParked)
    } catch (error) {
      if (!(error instanceof ParkingCeilingReached)) throw error
    }
    await this.#forgetSolved()
    return this.#parkOnce(park, onParked)
  }

  async #parkOnce(
    park: (admit: AdmitLetters) => Promise<BatchOutcome>,
    onParked: (letter: Letter) => void,
  ): Promise<BatchOutcome> {
    let failed: readonly Letter[] = []
    const outcome = await park((letters) => {
      failed = letters.filter(({ failure }) => failure !== undefined)
      for (const key of this.#keysOf(failed)) this.#require(key)
    })
    if (outcome !== 'committed') return outcome
    this.#ceiling.park(this.#keysOf(failed))
    for (const letter of failed) onParked(letter)
    return outcome
  }

  #require(key: string): void {
    const refusal = this.#ceiling.refusal(this.#options.subscriber, key)
    if (refusal !== undefined) throw refusal
  }

  #keysOf(letters: readonly Letter[]): readonly string[] {
    return letters.flatMap(({ record, sequenceKey }) => {
      if (sequenceKey !== undefined) return [sequenceKey]
      return this.#trusted.has(record.topic) ? [placeOf(record)] : []
    })
  }

  async #loadEarlier(): Promise<void> {
    this.#earlier ??= this.#failedKeys(RECENT_RECORDS).then((keys) => this.#ceiling.park(keys))
    try {
      await this.#earlier
    } catch (error) {
      this.#earlier = undefined
      throw error
    }
  }

  async #forgetSolved(): Promise<void> {
    // Before it is asked: what another lane parks meanwhile need not be in the answer.
    const { parked } = this.#ceiling
    const failed = new Set(await this.#failedKeys())
    // Of more than are asked for some are not in the answer either.
    if (failed.size < MOST_EARLIER_KEYS) this.#ceiling.solve(parked.filter((key) => !failed.has(key)))
  }

  #failedKeys(ofLast?: number): Promise<readonly string[]> {
    const { checkpoints, subscriber } = this.#options
    const apart = [...this.#trusted]
    return checkpoints.failedKeys(subscriber, { limit: MOST_EARLIER_KEYS, apart, ofLast })
  }
}
