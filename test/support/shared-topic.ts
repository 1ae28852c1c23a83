import { randomUUID } from 'node:crypto'
import kafkajs from 'kafkajs'
import { onTestFinished } from 'vitest'
import type { StartOptions } from 'reprise'
import { jsonEncoding } from '../../src/contracts/index.js'
import { openKafkaLog } from '../../src/log/kafka/index.js'
import type { Log } from '../../src/log/index.js'
import { type NumberedRecord, numberedRecords } from './contract-lanes.js'
import { kafkaBrokers, uniqueName } from './kafka.js'
import { quietly } from './read-side.js'
import { silentLogger } from './silent-logger.js'

/** How a consuming service is started on the broker of the tests. */
export async function onKafka(databaseUrl: string, more: StartOptions = {}): Promise<StartOptions> {
  const brokers = [(await kafkaBrokers()) ?? '']
  return quietly(databaseUrl, { log: 'kafka', kafka: { brokers }, lease: 6_000, ...more })
}

/** A topic of somebody else, gone after the test. Records go into it as they are. */
export class SharedTopic {
  readonly name: string
  readonly log: Log
  readonly #client: kafkajs.Kafka
  readonly #producer: kafkajs.Producer
  readonly #transactional: kafkajs.Producer
  readonly #admin: kafkajs.Admin

  private constructor(name: string, log: Log, client: kafkajs.Kafka) {
    this.name = name
    this.log = log
    this.#client = client
    this.#producer = client.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
    this.#transactional = transactionalProducer(client, name)
    this.#admin = client.admin()
  }

  static async create(partitions = 2, name = uniqueName('shared')): Promise<SharedTopic> {
    const brokers = [(await kafkaBrokers()) ?? '']
    const log = await openLog()
    const client = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING })
    const topic = new SharedTopic(name, log, client)
    await log.topics.create({ name, partitions })
    await topic.#producer.connect()
    await topic.#transactional.connect()
    await topic.#admin.connect()
    onTestFinished(async () => {
      await Promise.all([
        topic.#producer.disconnect(),
        topic.#transactional.disconnect(),
        topic.#admin.disconnect(),
      ])
      await log.topics.delete([name])
      await log.close()
    })
    return topic
  }

  async send(messages: readonly kafkajs.Message[]): Promise<void> {
    await this.#producer.send({ topic: this.name, messages: [...messages] })
  }

  /** In one transaction, whose end takes an offset without a record. */
  async transact(messages: readonly kafkajs.Message[], outcome: 'commit' | 'abort'): Promise<void> {
    const transaction = await this.#transactional.transaction()
    await transaction.send({ topic: this.name, messages: [...messages] })
    await transaction[outcome]()
  }

  /** A transaction of a producer of its own, open until the caller ends it. */
  async begin(messages: readonly kafkajs.Message[]): Promise<kafkajs.Transaction> {
    const producer = transactionalProducer(this.#client, uniqueName(this.name))
    await producer.connect()
    onTestFinished(() => producer.disconnect())
    const transaction = await producer.transaction()
    await transaction.send({ topic: this.name, messages: [...messages] })
    return transaction
  }

  /** What another app of ours would publish: key after key, each in one partition. */
  publish(records: readonly NumberedRecord[]): Promise<void> {
    return this.send(this.numbered(records))
  }

  /** The same, to be sent otherwise. */
  numbered(records: readonly NumberedRecord[]): readonly kafkajs.Message[] {
    const messages = numberedRecords({ topic: this.name, partition: 0 }, records)
    return messages.map(({ key, headers, value }) => ({
      key,
      headers,
      value: value === null ? null : Buffer.from(value),
    }))
  }

  async setPartitions(count: number): Promise<void> {
    await this.#admin.createPartitions({ topicPartitions: [{ topic: this.name, count }] })
  }
}

const transactionalProducer = (client: kafkajs.Kafka, transactionalId: string): kafkajs.Producer =>
  client.producer({
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    transactionalId,
    maxInFlightRequests: 1,
    idempotent: true,
  })

/** Deletes, after the test, a topic that somebody else creates. */
export async function topicOfAnother(name: string): Promise<void> {
  const log = await openLog()
  onTestFinished(async () => {
    await log.topics.delete([name])
    await log.close()
  })
}

async function openLog(): Promise<Log> {
  const brokers = [(await kafkaBrokers()) ?? '']
  const encoding = jsonEncoding({ service: 'test', storeId: randomUUID() })
  return openKafkaLog({ settings: { brokers, clientId: 'test' }, encoding, logger: silentLogger })
}

/** A CloudEvent as the client takes it. */
export function cloudEvent(
  id: string,
  key: string,
  data: object,
  type = 'OrderPlaced',
  timestamp?: Date,
): kafkajs.Message {
  return {
    key,
    value: JSON.stringify(data),
    headers: {
      ce_specversion: '1.0',
      ce_id: id,
      ce_source: '/shop',
      ce_type: type,
      'content-type': 'application/json',
    },
    ...(timestamp === undefined ? {} : { timestamp: timestamp.getTime().toString() }),
  }
}
