import { randomUUID } from 'node:crypto'
import kafkajs, { type EachMessagePayload, type IHeaders, type Kafka } from 'kafkajs'
import type { RecordFact, TopicFact } from '../facts.js'

const { Kafka: Client, logLevel } = kafkajs
/** Milliseconds without a record after which reading counts as stuck. */
const PATIENCE = 20_000

export const kafkaClient = (brokers: string): Kafka =>
  new Client({
    clientId: 'chaos-harness',
    brokers: [brokers],
    logLevel: logLevel.NOTHING,
    retry: { retries: 2, initialRetryTime: 100 },
    connectionTimeout: 2_000,
    requestTimeout: 10_000,
  })

/** Of an app, dead letters included. */
export async function kafkaTopics(kafka: Kafka, app: string): Promise<readonly TopicFact[]> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const names = (await admin.listTopics()).filter((it) => it.startsWith(`${app}.`)).sort()
    const all = await Promise.all(
      names.map(async (topic) =>
        (await admin.fetchTopicOffsets(topic)).map(({ partition, low, high }) => ({
          topic,
          partition,
          earliest: low,
          end: high,
        })),
      ),
    )
    return all.flat().sort((one, other) => compare(one.topic, other.topic) || one.partition - other.partition)
  } finally {
    await admin.disconnect()
  }
}

/** A full read of the topics, by topic, partition and offset. */
export async function kafkaRecords(
  kafka: Kafka,
  topics: readonly TopicFact[],
): Promise<readonly RecordFact[]> {
  const wanted = new Map(
    topics
      .filter(({ earliest, end }) => BigInt(end) > BigInt(earliest))
      .map((it) => [laneOf(it), BigInt(it.end)]),
  )
  const found: RecordFact[] = []
  if (wanted.size > 0) await readAll(kafka, topics, wanted, (record) => found.push(record))
  return found.sort(
    (one, other) =>
      compare(one.topic, other.topic) ||
      one.partition - other.partition ||
      Number(BigInt(one.offset) - BigInt(other.offset)),
  )
}

async function readAll(
  kafka: Kafka,
  topics: readonly TopicFact[],
  wanted: Map<string, bigint>,
  take: (record: RecordFact) => void,
): Promise<void> {
  const groupId = `chaos-harness-${randomUUID()}`
  const consumer = kafka.consumer({
    groupId,
    maxBytesPerPartition: 8_000_000,
    minBytes: 1,
    maxWaitTimeInMs: 200,
  })
  await consumer.connect()
  try {
    await consumer.subscribe({ topics: [...new Set(topics.map(({ topic }) => topic))], fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      const stuck = setTimeout(() => {
        reject(
          new Error(`the topics could not be read to their end: ${[...wanted.keys()].join(', ')} is left`),
        )
      }, PATIENCE)
      const eachMessage = (message: EachMessagePayload): Promise<void> => {
        stuck.refresh()
        const end = wanted.get(laneOf(message)) ?? 0n
        const offset = BigInt(message.message.offset)
        if (offset < end) take(recordOf(message))
        if (offset >= end - 1n) wanted.delete(laneOf(message))
        if (wanted.size === 0) {
          clearTimeout(stuck)
          resolve()
        }
        return Promise.resolve()
      }
      consumer.run({ autoCommit: false, eachMessage }).catch(reject)
    })
  } finally {
    await consumer.disconnect()
  }
}

const laneOf = ({ topic, partition }: { topic: string; partition: number }): string => `${topic}/${partition}`
const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)

const recordOf = ({ topic, partition, message }: EachMessagePayload): RecordFact => ({
  topic,
  partition,
  offset: message.offset,
  key: message.key?.toString() ?? '',
  headers: headersOf(message.headers ?? {}),
  value: message.value?.toString('base64') ?? null,
  timestamp: Number(message.timestamp),
})

const headersOf = (headers: IHeaders): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value ?? '')]))
