import type { OutgoingRecord } from '../log-record.js'
import { type Refusal, RecordsRefused } from '../records-refused.js'
import { inBatches, type PlacedMessage } from './batches.js'

export interface SieveOptions {
  /** @throws what makes it impossible to send the record at all */
  readonly place: (record: OutgoingRecord) => PlacedMessage
  /** Sends messages at once. After a rejection it begins with a new producer. */
  readonly send: (batch: readonly PlacedMessage[]) => Promise<void>
  /** Why something in a batch is refused for itself; undefined where the failure has another reason. */
  readonly refusalIn: (error: unknown) => string | undefined
}

/**
 * Publishes a batch, and finds by halving the records that brokers refuse for themselves: they only say that something of
 * a send was wrong. What comes behind a refused one of its topic and key is held back, since it must not overtake it.
 * What was sent in vain beside a refused one is sent again: that can leave duplicates, and first copies keep their order.
 */
export class Sieve {
  readonly #options: SieveOptions
  readonly #refusals = new Map<string, Refusal>()
  readonly #published: OutgoingRecord[] = []

  constructor(options: SieveOptions) {
    this.#options = options
  }

  /**
   * @throws {@link RecordsRefused} once everything else was sent; at once what a send fails with for any other reason
   */
  async publish(records: readonly OutgoingRecord[]): Promise<void> {
    const { messages, impossible } = this.#placed(records)
    for (const batch of inBatches(messages)) await this.#send(batch)
    const refusals = [...new Map([...impossible, ...this.#refusals]).values()]
    if (refusals.length > 0) throw new RecordsRefused(refusals, this.#published)
  }

  #placed(records: readonly OutgoingRecord[]) {
    const messages: PlacedMessage[] = []
    const impossible = new Map<string, Refusal>()
    for (const record of records) {
      if (impossible.has(sequenceOf(record))) continue
      try {
        messages.push(this.#options.place(record))
      } catch (error) {
        impossible.set(sequenceOf(record), { record, reason: `it cannot be encoded: ${String(error)}` })
      }
    }
    return { messages, impossible }
  }

  async #send(batch: readonly PlacedMessage[], isSecondTry = false): Promise<void> {
    const open = batch.filter(({ record }) => !this.#refusals.has(sequenceOf(record)))
    const [first] = open
    if (first === undefined) return
    try {
      await this.#options.send(open)
    } catch (error) {
      const reason = this.#options.refusalIn(error)
      if (reason === undefined) throw error
      await this.#judge(first, open, reason, isSecondTry)
      return
    }
    this.#published.push(...open.map(({ record }) => record))
  }

  /** A batch that was damaged on its way is called corrupt as well: one alone is refused when it happens twice. */
  async #judge(
    { record }: PlacedMessage,
    batch: readonly PlacedMessage[],
    reason: string,
    isSecondTry: boolean,
  ): Promise<void> {
    const middle = Math.ceil(batch.length / 2)
    if (batch.length > 1) {
      await this.#send(batch.slice(0, middle))
      await this.#send(batch.slice(middle))
    } else if (isSecondTry) this.#refusals.set(sequenceOf(record), { record, reason })
    else await this.#send(batch, true)
  }
}

const sequenceOf = ({ topic, key }: OutgoingRecord): string => `${topic}/${key}`
