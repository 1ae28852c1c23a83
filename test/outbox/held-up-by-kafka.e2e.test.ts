import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { jsonEncoding } from '../../src/contracts/index.js'
import { type Log, type OutgoingContent, TopicsUnavailable } from '../../src/log/index.js'
import { openKafkaLog } from '../../src/log/kafka/index.js'
import { describeKafka, kafkaBrokers, uniqueName } from '../support/kafka.js'
import { RecordingConsumer } from '../support/recording-consumer.js'
import { useRelays } from '../support/relays.js'
import { silentLogger } from '../support/silent-logger.js'
import { countOf } from '../support/store-facts.js'
import { waitFor } from '../support/wait-for.js'
import { schemas, useMigratedDatabase } from '../support/write-side.js'

const encoding = jsonEncoding({ service: 'bank', storeId: 'store-1' })

describeKafka('topics of Kafka that take nothing', () => {
  const database = useMigratedDatabase()
  const relays = useRelays(database, 'bank.account')
  let log: Log

  beforeAll(async () => {
    const brokers = (await kafkaBrokers())?.split(',') ?? []
    log = await openKafkaLog({ settings: { brokers, clientId: 'held-up' }, encoding, logger: silentLogger })
  })

  afterAll(() => log.close())

  it('hold up no other topic of a relay, and get what piled up in order once they take it', async () => {
    const [open, closed, late] = [await newTopic(), await newTopic(), uniqueName('late')]
    const { relay, close } = relays.parts({ publisher: log.publisher(), batchSize: 4 })
    onTestFinished(close)
    await accountFor(closed, 1)
    await relay.start()
    await relays.outboxEmpty()
    await log.topics.delete([closed])

    await accountFor(closed, 5)
    await accountFor(late, 4)
    await accountFor(open, 3)
    relay.wake()
    await waitFor(async () => (await left(open)) === 0, { what: 'the other topic to be published to' })
    await accountFor(closed, 2)
    await accountFor(open, 2)
    relay.wake()
    await waitFor(async () => (await left(open)) === 0, { what: 'it to go on' })

    expect([await left(closed), await left(late)]).toEqual([7, 4])
    expect(await versionsIn(open)).toEqual([
      [1, 2, 3],
      [1, 2],
    ])

    for (const name of [closed, late]) await log.topics.create({ name, partitions: 2 })
    await waitFor(async () => (await left(closed)) + (await left(late)) === 0, {
      what: 'all to be published',
      deadline: 30_000,
    })
    expect(await versionsIn(closed)).toEqual([
      [1, 2, 3, 4, 5],
      [1, 2],
    ])
    expect(await versionsIn(late)).toEqual([[1, 2, 3, 4]])
  }, 90_000)

  it('are named with their reasons, beside what the others took', async () => {
    const [open, grown, missing] = [await newTopic(), await newTopic(), uniqueName('missing')]
    // Brokers do not even say whether there is such a one.
    const impossible = 'no topic!'
    const publisher = log.publisher()
    onTestFinished(() => publisher.close())
    await publisher.publish([recordFor(grown)])
    await log.topics.delete([grown])
    await log.topics.create({ name: grown, partitions: 3 })

    const records = [open, grown, missing, impossible, open].map(recordFor)

    const error = await publisher.publish(records).catch((it: unknown) => it)

    if (!(error instanceof TopicsUnavailable)) throw error
    expect(new Map([...error.failures].map(([topic, { code }]) => [topic, code]))).toEqual(
      new Map([
        [missing, 'REPRISE_TOPIC_MISSING'],
        [impossible, 'REPRISE_LOG_UNAVAILABLE'],
        [grown, 'REPRISE_LOG_MISMATCH'],
      ]),
    )
    expect(error.published).toEqual([records[0], records[4]])
    expect((await log.topics.offsets(open)).reduce((sum, { end }) => sum + end, 0n)).toBe(2n)
    await publisher.publish(records.filter(({ topic }) => topic === open))
  }, 60_000)

  async function newTopic(): Promise<string> {
    const topic = uniqueName('held-up')
    await log.topics.create({ name: topic, partitions: 2 })
    return topic
  }

  /** An account whose events go to this topic. */
  async function accountFor(topic: string, events: number): Promise<void> {
    const account = await relays.accountWith(events)
    await database.pool.query(`UPDATE ${schemas.store}.outbox SET topic = $1 WHERE key = $2`, [
      topic,
      account,
    ])
  }

  const left = (topic: string): Promise<number> => countOf(database.pool, 'outbox', `topic = '${topic}'`)

  /** Of each stream in a topic, longest first, the versions in the order in which they first appear. */
  async function versionsIn(topic: string): Promise<readonly (readonly number[])[]> {
    const consumer = new RecordingConsumer()
    const subscription = await log.subscribe({ group: uniqueName('group'), topics: [topic], consumer })
    const total = (await log.topics.offsets(topic)).reduce((sum, { end }) => sum + Number(end), 0)
    await waitFor(() => consumer.applied.length >= total, { what: `all ${total} records` })
    await subscription.stop()
    const streams = new Map<string, Set<number>>()
    for (const record of consumer.applied) {
      const { stream, version } = encoding.decode(record)
      streams.set(stream.id, (streams.get(stream.id) ?? new Set()).add(version))
    }
    return [...streams.values()].map((versions) => [...versions]).sort((a, b) => b.length - a.length)
  }
})

const recordFor = (topic: string): OutgoingContent => ({
  topic,
  key: 'a',
  headers: {},
  value: null,
  timestamp: new Date(),
})
