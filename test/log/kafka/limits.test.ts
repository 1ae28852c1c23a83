import { createServer } from 'node:net'
import { once } from 'node:events'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../../src/app/local-servers/ports.js'
import { jsonEncoding } from '../../../src/contracts/index.js'
import type { RepriseError } from '../../../src/core/errors/index.js'
import type { Log } from '../../../src/log/index.js'
import { openKafkaLog } from '../../../src/log/kafka/index.js'
import { describeKafka, kafkaBrokers, uniqueName } from '../../support/kafka.js'
import { Checkpoints, RecordingConsumer } from '../../support/recording-consumer.js'
import { silentLogger } from '../../support/silent-logger.js'
import { storedEvents } from '../../support/stored-events.js'
import { waitFor } from '../../support/wait-for.js'

const encoding = jsonEncoding({ service: 'banking', storeId: 'store-1' })

const open = (brokers: readonly string[]): Promise<Log> =>
  openKafkaLog({ settings: { brokers, clientId: 'limits' }, encoding, logger: silentLogger })

describeKafka('openKafkaLog', () => {
  let brokers: readonly string[]
  let log: Log

  beforeAll(async () => {
    brokers = (await kafkaBrokers())?.split(',') ?? []
    log = await open(brokers)
  })

  afterAll(() => log.close())

  const newTopic = async (partitions: number): Promise<string> => {
    const topic = uniqueName('limits')
    await log.topics.create({ name: topic, partitions })
    onTestFinished(() => log.topics.delete([topic]))
    return topic
  }

  it('names the cluster', () => {
    expect(log.identity).toMatch(/^kafka:[\w-]{22}$/)
  })

  it('says which brokers cannot be reached', async () => {
    const nobody = `127.0.0.1:${await freePort()}`

    await expect(open([nobody])).rejects.toMatchObject({
      code: 'REPRISE_LOG_UNAVAILABLE',
      message: expect.stringContaining(nobody) as string,
    })
  })

  it('gives up on a server that does not speak Kafka', async () => {
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(
      0,
      '127.0.0.1',
    )
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0

    await expect(open([`127.0.0.1:${port}`])).rejects.toMatchObject({ code: 'REPRISE_LOG_UNAVAILABLE' })
  })

  it('refuses a second publish before the first has settled', async () => {
    const topic = await newTopic(1)
    const [event] = await storedEvents()([`${topic}-a`], 1)
    if (event === undefined) throw new Error('no event')
    const publisher = log.publisher()
    const records = [{ topic, key: event.stream.id, event }]

    const first = publisher.publish(records)

    await expect(publisher.publish(records)).rejects.toThrow('before the last one had settled')
    await first
    await publisher.publish(records)
    await publisher.close()
    expect(await log.topics.offsets(topic)).toEqual([{ partition: 0, earliest: 0n, end: 2n }])
  })

  it('publishes more than a broker takes for one partition at once', async () => {
    const topic = await newTopic(2)
    const events = await storedEvents()([`${topic}-a`, `${topic}-b`], 20)
    const payload = JSON.stringify({ note: 'x'.repeat(200_000) })
    const publisher = log.publisher()

    await publisher.publish(
      events.map((event) => ({ topic, key: event.stream.id, event: { ...event, payload } })),
    )

    expect((await log.topics.offsets(topic)).reduce((sum, { end }) => sum + end, 0n)).toBe(40n)
    await publisher.close()
  })

  it('stops publishing into a topic whose partitions became more', async () => {
    const topic = await newTopic(2)
    const [event] = await storedEvents()([`${topic}-a`], 1)
    if (event === undefined) throw new Error('no event')
    const records = [{ topic, key: event.stream.id, event }]
    const publisher = log.publisher()
    onTestFinished(() => publisher.close())
    await publisher.publish(records)

    await growTo(brokers, topic, 3)
    // A connection does not hear of it for minutes, so this record is refused: it is tried again on another one.
    const tooLarge = { ...event, payload: JSON.stringify({ note: 'x'.repeat(2_000_000) }) }
    for (const batch of [[{ topic, key: event.stream.id, event: tooLarge }], records])
      await expect(publisher.publish(batch)).rejects.toMatchObject({
        failures: new Map([
          [
            topic,
            expect.objectContaining({
              code: 'REPRISE_LOG_MISMATCH',
              facts: { topic, known: 2, found: 3 },
            }) as RepriseError,
          ],
        ]),
      })
  })

  it('refuses a lease that the brokers do not allow', async () => {
    const topic = await newTopic(1)

    const subscribing = log.subscribe({
      group: uniqueName('group'),
      topics: [topic],
      consumer: new RecordingConsumer(),
      lease: 10,
    })

    await expect(subscribing).rejects.toMatchObject({
      code: 'REPRISE_CONFIGURATION',
      facts: { setting: 'lease' },
    })
  })

  it('shows a consumer of a topic that was made anew what the topic holds now', async () => {
    const topic = await newTopic(1)
    const checkpoints = new Checkpoints().begin({ topic, partition: 0 }, 7n)
    const events = await storedEvents()([`${topic}-a`], 3)
    const publisher = log.publisher()
    await publisher.publish(events.map((event) => ({ topic, key: event.stream.id, event })))
    await publisher.close()
    const consumer = new RecordingConsumer({
      checkpoints,
      step: () => Promise.reject(new Error('not what comes next')),
    })

    const subscription = await log.subscribe({ group: uniqueName('group'), topics: [topic], consumer })

    const [first] = await waitFor(() => consumer.delivered[0], { what: 'a delivery' })
    expect(first?.offset).toBe(0n)
    expect(checkpoints.nextOf(topic)).toEqual(new Map([[0, 7n]]))
    await subscription.stop()
  })

  it('tells the group how far its lanes are', async () => {
    const topic = await newTopic(1)
    const group = uniqueName('group')
    const events = await storedEvents()([`${topic}-a`], 5)
    const publisher = log.publisher()
    await publisher.publish(events.map((event) => ({ topic, key: event.stream.id, event })))
    await publisher.close()
    const consumer = new RecordingConsumer()
    const subscription = await log.subscribe({ group, topics: [topic], consumer })
    await waitFor(() => consumer.applied.length === 5, { what: 'all records' })

    await subscription.stop()

    expect(await committed(brokers, group, topic)).toBe('5')
  })
})

async function withAdmin<T>(
  brokers: readonly string[],
  work: (admin: kafkajs.Admin) => Promise<T>,
): Promise<T> {
  const admin = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING }).admin()
  await admin.connect()
  return work(admin).finally(() => admin.disconnect())
}

const growTo = (brokers: readonly string[], topic: string, count: number): Promise<unknown> =>
  withAdmin(brokers, (admin) => admin.createPartitions({ topicPartitions: [{ topic, count }] }))

const committed = (brokers: readonly string[], groupId: string, topic: string): Promise<string | undefined> =>
  withAdmin(
    brokers,
    async (admin) => (await admin.fetchOffsets({ groupId, topics: [topic] }))[0]?.partitions[0]?.offset,
  )
