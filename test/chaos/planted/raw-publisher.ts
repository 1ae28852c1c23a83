import kafkajs, { type Message, type Producer, type ProducerConfig, type TopicMessages } from 'kafkajs'
import type { EventEncoding } from '../../../src/core/event-encoding.js'
import type { KafkaSettings } from '../../../src/kafka/settings.js'
import type { LogPublisher, OutgoingRecord } from '../../../src/log/index.js'

export interface RawPublisherOptions {
  readonly kafka: Pick<KafkaSettings, 'brokers' | 'clientId'>
  readonly encoding: EventEncoding
}

/** The client as its documentation shows it: one producer for the life of the process. */
export abstract class RawPublisher implements LogPublisher {
  readonly #encoding: EventEncoding
  readonly #producer: Producer
  #connected: Promise<void> | undefined

  protected constructor({ kafka, encoding }: RawPublisherOptions, config: ProducerConfig) {
    this.#encoding = encoding
    const client = new kafkajs.Kafka({
      brokers: [...kafka.brokers],
      clientId: kafka.clientId,
      requestTimeout: 5_000,
      retry: { retries: 2 },
      logLevel: kafkajs.logLevel.NOTHING,
    })
    const createPartitioner = kafkajs.Partitioners.DefaultPartitioner
    this.#producer = client.producer({ allowAutoTopicCreation: false, createPartitioner, ...config })
  }

  async publish(records: readonly OutgoingRecord[]): Promise<void> {
    this.#connected ??= this.#producer.connect()
    await this.#connected.catch((error: unknown) => {
      this.#connected = undefined
      throw error
    })
    await this.send(this.#producer, records)
  }

  async close(): Promise<void> {
    await this.#producer.disconnect()
  }

  protected abstract send(producer: Producer, records: readonly OutgoingRecord[]): Promise<void>

  protected topicMessages(records: readonly OutgoingRecord[]): TopicMessages[] {
    const topics = new Map<string, Message[]>()
    for (const record of records) {
      const messages = topics.get(record.topic)
      if (messages === undefined) topics.set(record.topic, [this.#messageOf(record)])
      else messages.push(this.#messageOf(record))
    }
    return [...topics].map(([topic, messages]) => ({ topic, messages }))
  }

  #messageOf(record: OutgoingRecord): Message {
    const content =
      'event' in record
        ? { ...this.#encoding.encode(record.event), timestamp: record.event.recordedAt }
        : record
    const { headers, value, timestamp } = content
    return {
      key: record.key,
      headers: { ...headers },
      value: value === null ? null : Buffer.from(value),
      timestamp: timestamp.getTime().toString(),
    }
  }
}
