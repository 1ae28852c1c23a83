import type { RepriseError } from '../../core/errors/index.js'
import type { OutgoingRecord } from '../log-record.js'
import { type Refusal, RecordsRefused } from '../records-refused.js'
import { TopicsUnavailable } from '../topics-unavailable.js'
import { inBatches, type PlacedMessage } from './batches.js'

export interface SieveOptions {
  /** @throws what makes it impossible to send the record at all */
  readonly place: (record: OutgoingRecord) => PlacedMessage
  /** Sends messages at once. After a rejection it begins with a new producer. */
  readonly send: (batch: readonly PlacedMessage[]) => Promise<void>
  /** Why something in a batch is refused for itself; undefined where the failure has another reason. */
  readonly refusalIn: (error: unknown) => string | undefined
  /** Whether brokers say of a send that a topic or partition of it takes nothing now. */
  readonly isOfTopics: (error: unknown) => boolean
  /** The error of a send to one topic alone, in words for whoever operates it. */
  readonly explain: (error: unknown, topic: string) => Promise<RepriseError>
}

/**
 * Publishes a batch, and finds by halving the records that brokers refuse for themselves, and by sending topics apart those
 * that take nothing now: brokers only say that something of a send was wrong. What comes behind a refused record of its
 * topic and key is held back, since it must not overtake it, and so is the rest of a topic that takes nothing. What was sent
 * in vain beside them is sent again: that can leave duplicates, and first copies keep their order.
 */
export class Sieve {
  readonly #options: SieveOptions
  readonly #refusals = new Map<string, Refusal>()
  readonly #unavailable = new Map<string, RepriseError>()
  readonly #published: OutgoingRecord[] = []

  constructor(options: SieveOptions) {
    this.#options = options
  }

  /**
   * `unavailable`: topics of which it is known already that they take nothing, and why. `suspects`: topics that took nothing
   * when they were tried before. They are sent last, each alone: beside others, they would have those sent twice.
   *
   * @throws {@link TopicsUnavailable} once everything else was sent, and where all topics take something,
   * {@link RecordsRefused}; at once what a send fails with for any other reason
   */
  async publish(
    records: readonly OutgoingRecord[],
    unavailable: ReadonlyMap<string, RepriseError> = new Map(),
    suspects: ReadonlySet<string> = new Set(),
  ): Promise<void> {
    for (const [topic, reason] of unavailable) this.#unavailable.set(topic, reason)
    const { messages, impossible } = this.#placed(records)
    const trusted = messages.filter(({ topic }) => !suspects.has(topic))
    const alone = [...suspects].map((one) => messages.filter(({ topic }) => topic === one))
    for (const group of [trusted, ...alone]) for (const batch of inBatches(group)) await this.#send(batch)
    // Records that were refused beside it are found out again once their topics are published without it.
    if (this.#unavailable.size > 0) throw new TopicsUnavailable(this.#unavailable, this.#published)
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
    const open = batch.filter(
      ({ record, topic }) => !this.#unavailable.has(topic) && !this.#refusals.has(sequenceOf(record)),
    )
    const [first] = open
    if (first === undefined) return
    try {
      await this.#options.send(open)
    } catch (error) {
      const reason = this.#options.refusalIn(error)
      if (reason !== undefined) await this.#judge(first, open, reason, isSecondTry)
      else if (this.#options.isOfTopics(error)) await this.#apart(open, error, isSecondTry)
      else throw error
      return
    }
    this.#published.push(...open.map(({ record }) => record))
  }

  /**
   * Of a batch of several topics it is unknown which of them failed: each is sent alone. One alone need not be to blame
   * either, since a client also fails for topics that it was sent before: it is when a new client fails as well.
   */
  async #apart(batch: readonly PlacedMessage[], error: unknown, isSecondTry: boolean): Promise<void> {
    const [topic = '', ...others] = new Set(batch.map((message) => message.topic))
    if (others.length > 0)
      for (const one of [topic, ...others]) await this.#send(batch.filter((message) => message.topic === one))
    else if (isSecondTry) this.#unavailable.set(topic, await this.#options.explain(error, topic))
    else await this.#send(batch, true)
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
