import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { jsonEncoding } from '../../../src/contracts/index.js'
import type { Log, LogPublisher, OutgoingRecord } from '../../../src/log/index.js'
import { openKafkaLog } from '../../../src/log/kafka/index.js'
import { brokerAvailable } from '../../../src/testing/kafka/index.js'
import { describeKafka, uniqueName } from '../../support/kafka.js'
import { type ProxiedBroker, startProxiedBroker } from '../../support/proxied-broker.js'
import { RecordingConsumer } from '../../support/recording-consumer.js'
import { silentLogger } from '../../support/silent-logger.js'
import { storedEvents } from '../../support/stored-events.js'
import { waitFor } from '../../support/wait-for.js'
import { ConcurrentSends } from './concurrent-sends.js'
import { ReusedProducer } from './reused-producer.js'

const encoding = jsonEncoding({ service: 'banking', storeId: 'store-1' })
const local = await brokerAvailable()
const ROUNDS = 10

/** What becomes of events that a publisher acknowledged. */
interface Aftermath {
  /** Acknowledged, and not in the topic. */
  readonly lost: number
  /** First copies that come after a later version of their stream. */
  readonly inverted: number
  readonly acknowledged: number
}

describeKafka('publishing with the client as its documentation shows it', () => {
  describe.skipIf(!local.available)('on a broker behind a proxy', () => {
    let broker: ProxiedBroker
    let log: Log
    let direct: Log

    const open = (brokers: string): Promise<Log> =>
      openKafkaLog({ settings: { brokers: [brokers], clientId: 'planted' }, encoding, logger: silentLogger })

    beforeAll(async () => {
      broker = await startProxiedBroker()
      direct = await open(broker.direct)
      log = await open(broker.proxied)
    })

    afterAll(async () => {
      await Promise.all([direct.close(), log.close()])
      await broker.stop()
    })

    const client = () => ({ kafka: { brokers: [broker.proxied], clientId: 'planted' }, encoding })

    it('loses acknowledged events when a producer goes on after a lost answer, and ours does not', async () => {
      const planted = await afterLostAnswers(new ReusedProducer(client()))
      const shipped = await afterLostAnswers(log.publisher())

      expect(planted.lost).toBeGreaterThan(0)
      expect(shipped).toEqual({ acknowledged: shipped.acknowledged, lost: 0, inverted: 0 })
      expect(shipped.acknowledged).toBe(2 * ROUNDS)
    }, 90_000)

    it('turns events of a stream around when sends run side by side, and ours does not', async () => {
      const planted = await afterBursts(new ConcurrentSends(client()))
      const shipped = await afterBursts(log.publisher())

      expect(planted).toMatchObject({ lost: 0 })
      expect(planted.inverted).toBeGreaterThan(0)
      expect(shipped).toEqual({ acknowledged: ROUNDS * 40, lost: 0, inverted: 0 })
    }, 90_000)

    /** Of two streams in turns, one send's answer is lost each time, and sent again after the other stream's. */
    async function afterLostAnswers(publisher: LogPublisher): Promise<Aftermath> {
      onTestFinished(() => publisher.close())
      const topic = await newTopic()
      const store = storedEvents()
      const acknowledged: OutgoingRecord[] = []
      const publish = async (records: readonly OutgoingRecord[]): Promise<boolean> => {
        const isTaken = await publisher.publish(records).then(
          () => true,
          () => false,
        )
        if (isTaken) acknowledged.push(...records)
        return isTaken
      }
      await publish(await recordsOf(topic, store, 'warm', 1))
      acknowledged.length = 0
      for (let round = 0; round < ROUNDS; round++) {
        const interrupted = await recordsOf(topic, store, 'interrupted', 1)
        const next = await recordsOf(topic, store, 'next', 1)
        broker.proxy.loseNextAnswer('closed')
        expect(await publish(interrupted)).toBe(false)
        await publish(next)
        await publish(interrupted)
      }
      return aftermathOf(topic, acknowledged)
    }

    /** Forty events of one stream at once, time and again. */
    async function afterBursts(publisher: LogPublisher): Promise<Aftermath> {
      onTestFinished(() => publisher.close())
      const topic = await newTopic()
      const store = storedEvents()
      const acknowledged: OutgoingRecord[] = []
      for (let round = 0; round < ROUNDS; round++) {
        const records = await recordsOf(topic, store, 'burst', 40)
        await publisher.publish(records)
        acknowledged.push(...records)
      }
      return aftermathOf(topic, acknowledged)
    }

    async function newTopic(): Promise<string> {
      const topic = uniqueName('planted')
      await direct.topics.create({ name: topic, partitions: 1 })
      return topic
    }

    async function aftermathOf(topic: string, acknowledged: readonly OutgoingRecord[]): Promise<Aftermath> {
      const consumer = new RecordingConsumer()
      const subscription = await direct.subscribe({ group: uniqueName('group'), topics: [topic], consumer })
      const total = (await direct.topics.offsets(topic)).reduce((sum, { end }) => sum + Number(end), 0)
      await waitFor(() => consumer.applied.length >= total, { what: `all ${total} records` })
      await subscription.stop()
      const found = consumer.applied.map((record) => encoding.decode(record))
      const ids = new Set(found.map(({ eventId }) => eventId))
      const lost = acknowledged.filter((record) => 'event' in record && !ids.has(record.event.eventId)).length
      let inverted = 0
      const heads = new Map<string, number>()
      const seen = new Set<string>()
      for (const { eventId, stream, version } of found) {
        if (seen.has(eventId)) continue
        seen.add(eventId)
        if (version < (heads.get(stream.id) ?? 0)) inverted++
        heads.set(stream.id, Math.max(version, heads.get(stream.id) ?? 0))
      }
      return { lost, inverted, acknowledged: acknowledged.length }
    }
  })
})

async function recordsOf(
  topic: string,
  store: ReturnType<typeof storedEvents>,
  stream: string,
  count: number,
): Promise<readonly OutgoingRecord[]> {
  return (await store([`${topic}-${stream}`], count)).map((event) => ({ topic, key: event.stream.id, event }))
}
