import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { jsonEncoding } from '../../../src/contracts/index.js'
import {
  type Log,
  type OutgoingContent,
  type OutgoingRecord,
  RecordsRefused,
} from '../../../src/log/index.js'
import { openKafkaLog } from '../../../src/log/kafka/index.js'
import { describeKafka, kafkaBrokers, uniqueName } from '../../support/kafka.js'
import { RecordingConsumer } from '../../support/recording-consumer.js'
import { silentLogger } from '../../support/silent-logger.js'
import { waitFor } from '../../support/wait-for.js'

/** Brokers take a little over a mebibyte by default. */
const TOO_MUCH = 1_200_000
const DAY = 24 * 60 * 60 * 1_000

describeKafka('records that brokers refuse for themselves', () => {
  let log: Log

  beforeAll(async () => {
    const brokers = (await kafkaBrokers())?.split(',') ?? []
    const encoding = jsonEncoding({ service: 'banking', storeId: 'store-1' })
    log = await openKafkaLog({ settings: { brokers, clientId: 'refused' }, encoding, logger: silentLogger })
  })

  afterAll(() => log.close())

  it('are named with the reason, hold back only what comes after them of their key, and all others are published', async () => {
    const topic = await newTopic(3)
    const keys = Array.from({ length: 20 }, (_, index) => `${topic}-${index}`)
    const [large, late, broken] = [`${topic}-3`, `${topic}-11`, `${topic}-17`]
    const records = Array.from({ length: 5 }, (_, n) =>
      keys.map((key) => {
        if (n === 2 && key === large) return record(topic, key, n, { value: Buffer.alloc(TOO_MUCH) })
        if (n === 1 && key === late)
          return record(topic, key, n, { timestamp: new Date(Date.now() + 400 * DAY) })
        if (n === 3 && key === broken) return impossible(topic, key)
        return record(topic, key, n)
      }),
    ).flat()
    const publisher = log.publisher()
    onTestFinished(() => publisher.close())

    const refusal = await publisher.publish(records).catch((error: unknown) => error)

    if (!(refusal instanceof RecordsRefused)) throw refusal
    expect(new Map(refusal.refusals.map(({ record: { key }, reason }) => [key, reason]))).toEqual(
      new Map([
        [large, expect.stringContaining('MESSAGE_TOO_LARGE')],
        [late, expect.stringContaining('INVALID_TIMESTAMP')],
        [broken, expect.stringContaining('cannot be encoded')],
      ]),
    )
    const published = await firstCopies(topic)
    for (const key of keys) {
      const count = { [large]: 2, [late]: 1, [broken]: 3 }[key] ?? 5
      expect(published.get(key)).toEqual(Array.from({ length: count }, (_, n) => n.toString()))
    }
    expect(refusal.published).toHaveLength([...published.values()].flat().length)
  })

  it('leave the publisher fit for what comes next', async () => {
    const topic = await newTopic(1)
    const publisher = log.publisher()
    onTestFinished(() => publisher.close())

    for (let n = 0; n < 5; n++) {
      const bad = record(topic, `${topic}-bad`, n, { value: Buffer.alloc(TOO_MUCH) })
      const good = record(topic, `${topic}-good`, n)
      await expect(publisher.publish([bad, good])).rejects.toBeInstanceOf(RecordsRefused)
      await publisher.publish([record(topic, `${topic}-next`, n)])
    }

    const published = await firstCopies(topic)
    expect(published.get(`${topic}-good`)).toEqual(['0', '1', '2', '3', '4'])
    expect(published.get(`${topic}-next`)).toEqual(['0', '1', '2', '3', '4'])
    expect(published.get(`${topic}-bad`)).toBeUndefined()
  })

  it('are none where many records are only together too many for a batch', async () => {
    const topic = await newTopic(1)
    const publisher = log.publisher()
    onTestFinished(() => publisher.close())
    const records = Array.from({ length: 12 }, (_, n) =>
      record(topic, `${topic}-a`, n, { value: Buffer.alloc(300_000) }),
    )

    await publisher.publish(records)

    expect((await firstCopies(topic)).get(`${topic}-a`)).toHaveLength(12)
  })

  async function newTopic(partitions: number): Promise<string> {
    const topic = uniqueName('refused')
    await log.topics.create({ name: topic, partitions })
    onTestFinished(() => log.topics.delete([topic]))
    return topic
  }

  /** The numbers of each key in the order in which they first appear. */
  async function firstCopies(topic: string): Promise<ReadonlyMap<string, readonly string[]>> {
    const consumer = new RecordingConsumer()
    const subscription = await log.subscribe({ group: uniqueName('group'), topics: [topic], consumer })
    const total = (await log.topics.offsets(topic)).reduce((sum, { end }) => sum + Number(end), 0)
    await waitFor(() => consumer.applied.length >= total, { what: `all ${total} records` })
    await subscription.stop()
    const numbers = new Map<string, string[]>()
    for (const { key, headers } of consumer.applied) {
      const seen = numbers.get(key) ?? []
      const number = headers['n'] ?? ''
      if (!seen.includes(number)) numbers.set(key, [...seen, number])
    }
    return numbers
  }
})

const record = (
  topic: string,
  key: string,
  n: number,
  different: Partial<OutgoingContent> = {},
): OutgoingContent => ({
  topic,
  key,
  headers: { n: n.toString() },
  value: null,
  timestamp: new Date(),
  ...different,
})

/** An event that no encoding can be made of. */
function impossible(topic: string, key: string): OutgoingRecord {
  return {
    topic,
    key,
    get event(): never {
      throw new Error('it is damaged')
    },
  }
}
