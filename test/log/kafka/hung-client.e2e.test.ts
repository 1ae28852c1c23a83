import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { jsonEncoding } from '../../../src/contracts/index.js'
import { type KafkaClients, kafkaClients, type KafkaSettings } from '../../../src/kafka/index.js'
import type { Log } from '../../../src/log/index.js'
import { AdminConnection } from '../../../src/log/kafka/admin-connection.js'
import { openKafkaLog } from '../../../src/log/kafka/index.js'
import { KafkaSubscription } from '../../../src/log/kafka/subscription.js'
import { KafkaTopics } from '../../../src/log/kafka/topics.js'
import { brokerAvailable } from '../../../src/testing/kafka/index.js'
import { KafkaServer } from '../../chaos/servers/kafka-server.js'
import { describeKafka, kafkaBrokers, uniqueName } from '../../support/kafka.js'
import { RecordingConsumer } from '../../support/recording-consumer.js'
import { RecordingLogger } from '../../support/recording-logger.js'
import { silentLogger } from '../../support/silent-logger.js'
import { storedEvents } from '../../support/stored-events.js'
import { waitFor } from '../../support/wait-for.js'

const encoding = jsonEncoding({ service: 'banking', storeId: 'store-1' })
const local = await brokerAvailable()

const openLog = async (broker: string, logger = silentLogger): Promise<Log> => {
  const settings = { brokers: [broker], clientId: 'hung' }
  const log = await openKafkaLog({ settings, encoding, logger })
  onTestFinished(() => log.close())
  return log
}

/** Publishes the next events of a stream with each call, into a topic of one partition. */
async function publisherInto(
  log: Log,
): Promise<{ topic: string; publish: (count: number) => Promise<void> }> {
  const topic = uniqueName('hung')
  await log.topics.create({ name: topic, partitions: 1 })
  const store = storedEvents()
  const publisher = log.publisher()
  onTestFinished(() => publisher.close())
  const publish = async (count: number): Promise<void> => {
    const events = await store([`${topic}-a`], count)
    await publisher.publish(events.map((event) => ({ topic, key: event.stream.id, event })))
  }
  return { topic, publish }
}

const offsetsOf = ({ applied }: RecordingConsumer): readonly number[] =>
  applied.map(({ offset }) => Number(offset))

const REJOINED = 'the group was left; it will be joined again'

describeKafka('a client that', () => {
  it('delivers nothing while the end moves, and says nothing of it, is replaced by a new one', async () => {
    const broker = (await kafkaBrokers()) ?? ''
    const { topic, publish } = await publisherInto(await openLog(broker))
    const logger = new RecordingLogger()
    const consumer = new RecordingConsumer()
    await publish(3)

    const settings = { brokers: [broker], clientId: 'hung' }
    const subscription = subscribe(settings, firstOneDeaf(kafkaClients(settings, logger)), {
      topic,
      consumer,
      logger,
    })
    onTestFinished(() => subscription.stop())
    await waitFor(() => consumer.applied.length === 3, { what: 'the records', deadline: 40_000 })

    const warnings = logger.at('warn').filter(({ message }) => message === REJOINED)
    expect(warnings.map(({ facts }) => (facts as { error?: string }).error)).toEqual([
      expect.stringMatching(/the client delivers nothing: .*\/0 stands at offset 0 of 3 for \d+ ms/),
    ])
    expect(offsetsOf(consumer)).toEqual([0, 1, 2])
  }, 60_000)

  describe.skipIf(!local.available)(
    `has connections that hang${local.available ? '' : ' (skipped: it needs a broker of its own)'}`,
    () => {
      let folder = ''
      let server: KafkaServer
      beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), 'reprise-hung-'))
        server = await KafkaServer.start(folder, 1)
      }, 120_000)
      afterAll(async () => {
        await server.stop()
        await rm(folder, { recursive: true, force: true })
      })

      it('is replaced by one with new ones, and nothing is lost or delivered twice', async () => {
        const { topic, publish } = await publisherInto(await openLog(server.direct))
        const logger = new RecordingLogger()
        const consumer = new RecordingConsumer()
        const log = await openLog(server.through(0), logger)
        const subscription = await log.subscribe({ group: topic, topics: [topic], consumer, lease: 6_000 })
        onTestFinished(() => subscription.stop())
        await publish(3)
        await waitFor(() => consumer.applied.length === 3, { what: 'the records before', deadline: 30_000 })

        server.proxies[0]?.freeze()
        await publish(3)

        await waitFor(() => consumer.applied.length === 6, { what: 'the records after', deadline: 60_000 })
        expect(offsetsOf(consumer)).toEqual([0, 1, 2, 3, 4, 5])
        expect(logger.at('warn').map(({ message }) => message)).toContain(REJOINED)
      }, 150_000)
    },
  )
})

interface Subscribed {
  readonly topic: string
  readonly consumer: RecordingConsumer
  readonly logger: RecordingLogger
}

/** As the log does it, with clients of the caller's. */
function subscribe(
  settings: KafkaSettings,
  clients: KafkaClients,
  { topic, consumer, logger }: Subscribed,
): KafkaSubscription {
  const connection = new AdminConnection(settings, clients)
  onTestFinished(() => connection.close())
  return new KafkaSubscription({
    settings,
    clients,
    connection,
    topicAdmin: new KafkaTopics(connection, 1),
    logger,
    group: topic,
    topics: [topic],
    consumer,
    partitions: new Map([[topic, 1]]),
    lease: 1_000,
    batchSize: 100,
  })
}

/** Real clients, of which the first consumer goes on beating and never hears that it may fetch. */
function firstOneDeaf(clients: KafkaClients): KafkaClients {
  let consumers = 0
  return (options) => {
    const client = clients(options)
    const make = client.consumer.bind(client)
    client.consumer = (config) => {
      const consumer = make(config)
      return consumers++ === 0 ? { ...consumer, resume: () => undefined } : consumer
    }
    return client
  }
}
