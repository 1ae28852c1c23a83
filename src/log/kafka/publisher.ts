import type { ICustomPartitioner, Producer } from 'kafkajs'
import { RepriseError, TopicMissing } from '../../core/errors/index.js'
import type { EventEncoding } from '../../core/event-encoding.js'
import {
  asRepriseError,
  brokerErrorOf,
  type KafkaClients,
  type KafkaSettings,
  REQUEST_TIMEOUT,
} from '../../kafka/index.js'
import type { OutgoingRecord, RecordContent } from '../log-record.js'
import type { LogPublisher } from '../log.js'
import { RecordsRefused } from '../records-refused.js'
import { TopicsUnavailable } from '../topics-unavailable.js'
import { partitionOf } from '../partitioner.js'
import type { KafkaTopics } from './topics.js'
import { asTopicMessages, type PlacedMessage } from './batches.js'
import { Sieve } from './sieve.js'

const CONNECT_RETRIES = 2

/**
 * No retries inside the client: it would answer for records that it never sent when a partition's leader moved between
 * two tries. It refuses 0 for an idempotent producer; of NaN no count of tries is less, so there is no second one.
 */
const NEVER_AGAIN = Number.NaN

export interface KafkaPublisherOptions {
  readonly settings: KafkaSettings
  readonly clients: KafkaClients
  readonly topics: KafkaTopics
  readonly encoding: EventEncoding
}

/**
 * Publishes one batch at a time, acknowledged by all replicas in sync. After a rejection it is unknown what was
 * written, and the producer's count of what it sent may be wrong: it would take later records for repeated ones and
 * drop them. So it is thrown away, and the next publish begins with a new one.
 */
export class KafkaPublisher implements LogPublisher {
  readonly #options: KafkaPublisherOptions
  readonly #partitionCounts = new Map<string, number>()
  /** Topics that took nothing when they were last sent something. */
  readonly #failing = new Set<string>()
  #producer: Producer | undefined
  #underWay: Promise<void> | undefined
  #closed = false

  constructor(options: KafkaPublisherOptions) {
    this.#options = options
  }

  publish(records: readonly OutgoingRecord[]): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('publish was called on a closed publisher'))
    // Two sends at once overtake each other in the client.
    if (this.#underWay !== undefined)
      return Promise.reject(new Error('publish was called before the last one had settled'))
    const publishing = this.#publish(records).finally(() => (this.#underWay = undefined))
    this.#underWay = publishing
    return publishing
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#underWay?.catch(() => undefined)
    await this.#discard()
  }

  async #publish(records: readonly OutgoingRecord[]): Promise<void> {
    const sieve = new Sieve({
      place: (record) => this.#placed(record),
      send: (batch) => this.#send(batch),
      refusalIn,
      isOfTopics,
      explain: (error, topic) => this.#explained(error, topic),
    })
    const topics = new Set(records.map(({ topic }) => topic))
    const suspects = new Set([...topics].filter((topic) => this.#failing.has(topic)))
    try {
      await sieve.publish(records, await this.#unknownAmong(topics), suspects)
    } catch (error) {
      if (error instanceof TopicsUnavailable) this.#note(topics, error.failures)
      if (error instanceof RecordsRefused || error instanceof TopicsUnavailable) throw error
      throw asRepriseError(this.#options.settings, error)
    }
    this.#note(topics, new Map())
  }

  /** Remembers which of these topics took nothing. */
  #note(topics: ReadonlySet<string>, failures: ReadonlyMap<string, RepriseError>): void {
    for (const topic of topics)
      if (failures.has(topic)) this.#failing.add(topic)
      else this.#failing.delete(topic)
  }

  async #send(batch: readonly PlacedMessage[]): Promise<void> {
    try {
      const producer = await this.#connected()
      const topicMessages = asTopicMessages(batch)
      await producer.sendBatch({ acks: -1, timeout: REQUEST_TIMEOUT, topicMessages })
    } catch (error) {
      void this.#discard()
      throw error
    }
  }

  #placed(record: OutgoingRecord): PlacedMessage {
    const { topic, key } = record
    const { headers, value, timestamp } = this.#contentOf(record)
    const partition = partitionOf(key, this.#partitionCounts.get(topic) ?? 1)
    return {
      record,
      topic,
      partition,
      message: {
        key,
        partition,
        timestamp: timestamp.getTime().toString(),
        headers: { ...headers },
        value: value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength),
      },
    }
  }

  #contentOf(record: OutgoingRecord): RecordContent {
    if (!('event' in record)) return record
    return { ...this.#options.encoding.encode(record.event), timestamp: record.event.recordedAt }
  }

  /**
   * The topics that nobody has created, or that brokers say nothing of, and why. Of the others the partitions are counted,
   * once: were they to change, the keys would move to other partitions and their order would be lost.
   */
  async #unknownAmong(topics: ReadonlySet<string>): Promise<ReadonlyMap<string, RepriseError>> {
    const unknown = new Map<string, RepriseError>()
    for (const topic of topics) {
      if (this.#partitionCounts.has(topic)) continue
      const found = await this.#partitionsOf(topic)
      if (typeof found === 'number') this.#partitionCounts.set(topic, found)
      else unknown.set(topic, found)
    }
    return unknown
  }

  async #partitionsOf(topic: string): Promise<number | RepriseError> {
    try {
      const found = await this.#options.topics.describe([topic])
      return found.get(topic)?.partitions ?? new TopicMissing(topic)
    } catch (error) {
      if (!isOfTopics(error)) throw error
      return asRepriseError(this.#options.settings, error)
    }
  }

  async #connected(): Promise<Producer> {
    if (this.#producer === undefined) {
      this.#producer = this.#options.clients({ retries: CONNECT_RETRIES }).producer({
        idempotent: true,
        maxInFlightRequests: 1,
        retry: { retries: NEVER_AGAIN },
        allowAutoTopicCreation: false,
        createPartitioner: this.#partitioner,
      })
      await this.#producer.connect()
    }
    return this.#producer
  }

  /** The client asks it with the cluster's present state before each send: the place to notice that a topic has grown. */
  readonly #partitioner: ICustomPartitioner =
    () =>
    ({ topic, message, partitionMetadata }) => {
      const known = this.#partitionCounts.get(topic)
      if (message.partition === undefined || known !== partitionMetadata.length) {
        throw partitionCountChanged(topic, known ?? 0, partitionMetadata.length)
      }
      return message.partition
    }

  /** Brokers also say that they do not know a topic while its leader moves. */
  async #explained(error: unknown, topic: string): Promise<RepriseError> {
    if (brokerErrorOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION') {
      const found = await this.#options.topics.describe([topic]).catch(() => undefined)
      if (found?.has(topic) === false) return new TopicMissing(topic)
    }
    return asRepriseError(this.#options.settings, error)
  }

  async #discard(): Promise<void> {
    const producer = this.#producer
    this.#producer = undefined
    await producer?.disconnect().catch(() => undefined)
  }
}

/** What brokers say of a batch because of a record in it. */
const REFUSALS = new Map([
  ['MESSAGE_TOO_LARGE', 'it is larger than max.message.bytes of its topic'],
  ['RECORD_LIST_TOO_LARGE', 'it is larger than segment.bytes of its topic'],
  ['INVALID_RECORD', 'the brokers say that it is invalid'],
  ['INVALID_TIMESTAMP', 'its time is further from that of the brokers than its topic allows'],
  ['CORRUPT_MESSAGE', 'the brokers say that it is corrupt'],
])

const refusalIn = (error: unknown): string | undefined => {
  const broker = brokerErrorOf(error) ?? ''
  const reason = REFUSALS.get(broker)
  return reason && `${reason} (${broker})`
}

/** What brokers say where a topic, or a partition of it, takes nothing now, while others may. */
const OF_TOPICS: ReadonlySet<string | undefined> = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'INVALID_TOPIC_EXCEPTION',
  'TOPIC_AUTHORIZATION_FAILED',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'KAFKA_STORAGE_ERROR',
  'POLICY_VIOLATION',
])

const isOfTopics = (error: unknown): boolean =>
  OF_TOPICS.has(brokerErrorOf(error)) || (RepriseError.is(error) && error.code === 'REPRISE_LOG_MISMATCH')

const partitionCountChanged = (topic: string, known: number, found: number): RepriseError =>
  new RepriseError(
    'REPRISE_LOG_MISMATCH',
    `topic ${topic} has ${found} partitions now and had ${known}: keys would move to other partitions and lose their order; ` +
      `nothing is published to it until it has ${known} partitions again`,
    { topic, known, found },
  )
