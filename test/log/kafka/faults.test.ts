import { inspect } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { jsonEncoding } from '../../../src/contracts/index.js'
import type { Log, LogPublisher, OutgoingRecord } from '../../../src/log/index.js'
import { openKafkaLog } from '../../../src/log/kafka/index.js'
import { brokerAvailable } from '../../../src/testing/kafka/index.js'
import { describeKafka, uniqueName } from '../../support/kafka.js'
import { type ProxiedBroker, startProxiedBroker, teller } from '../../support/proxied-broker.js'
import { RecordingConsumer } from '../../support/recording-consumer.js'
import { silentLogger } from '../../support/silent-logger.js'
import { storedEvents } from '../../support/stored-events.js'
import { waitFor } from '../../support/wait-for.js'

const encoding = jsonEncoding({ service: 'banking', storeId: 'store-1' })
const local = await brokerAvailable()

describeKafka('KafkaLog on a connection that fails', () => {
  describe.skipIf(!local.available)(
    `behind a proxy${local.available ? '' : ' (skipped: it needs a broker of its own)'}`,
    () => {
      let broker: ProxiedBroker
      let direct: Log
      let proxied: Log
      let topic: string

      const open = (brokers: string): Promise<Log> =>
        openKafkaLog({ settings: { brokers: [brokers], clientId: 'faults' }, encoding, logger: silentLogger })

      beforeAll(async () => {
        broker = await startProxiedBroker()
        direct = await open(broker.direct)
        proxied = await open(broker.proxied)
      })

      afterAll(async () => {
        await Promise.all([direct.close(), proxied.close()])
        await broker.stop()
      })

      beforeEach(async () => {
        topic = uniqueName('faults')
        await direct.topics.create({ name: topic, partitions: 3 })
      })

      const openPublisher = (): LogPublisher => {
        const publisher = proxied.publisher()
        onTestFinished(() => publisher.close())
        return publisher
      }

      it('loses no acknowledged record, and reorders no first copies, when answers are lost', async () => {
        const publisher = openPublisher()
        const streamIds = Array.from({ length: 6 }, (_, index) => `${topic}-${index}`)
        const store = storedEvents()
        let rejections = 0

        for (let round = 0; round < 40; round++) {
          const records = await recordsOf(topic, store(streamIds, 2))
          if (round % 3 === 1) broker.proxy.loseNextAnswer('closed')
          while (!(await isPublished(publisher, records))) rejections++
        }

        expect(rejections).toBeGreaterThan(10)
        const versions = await firstCopies(direct, topic, 6 * 80)
        for (const streamId of streamIds) {
          expect(versions.get(streamId)).toEqual(Array.from({ length: 80 }, (_, index) => index + 1))
        }
      })

      it('takes no batch for a repetition of another one whose answer was lost', async () => {
        await direct.topics.create({ name: `${topic}-1`, partitions: 1 })
        const publisher = openPublisher()
        const store = storedEvents()

        for (let round = 0; round < 20; round++) {
          const interrupted = await recordsOf(`${topic}-1`, store([`${topic}-interrupted`], 3))
          const next = await recordsOf(`${topic}-1`, store([`${topic}-next`], 3))
          broker.proxy.loseNextAnswer('closed')
          expect(await isPublished(publisher, interrupted)).toBe(false)
          await publisher.publish(next)
          await publisher.publish(interrupted)
        }

        const versions = await firstCopies(direct, `${topic}-1`, 2 * 60)
        const dense = Array.from({ length: 60 }, (_, index) => index + 1)
        expect([versions.get(`${topic}-interrupted`), versions.get(`${topic}-next`)]).toEqual([dense, dense])
      })

      it('loses nothing when a broker takes a batch and never answers', async () => {
        const publisher = openPublisher()
        const store = storedEvents()
        const first = await recordsOf(topic, store([`${topic}-a`], 3))
        const second = await recordsOf(topic, store([`${topic}-a`], 3))

        broker.proxy.loseNextAnswer('silent')
        expect(await isPublished(publisher, first)).toBe(false)
        await publisher.publish(first)
        await publisher.publish(second)

        expect((await firstCopies(direct, topic, 6)).get(`${topic}-a`)).toEqual([1, 2, 3, 4, 5, 6])
      })

      it('sends a batch once for each publish, also when it fails', async () => {
        const publisher = openPublisher()
        const records = await recordsOf(topic, storedEvents()([`${topic}-a`], 3))
        await publisher.publish(records)
        const before = broker.proxy.produceRequests

        broker.proxy.loseNextAnswer('closed')
        await expect(publisher.publish(records)).rejects.toMatchObject({
          code: 'REPRISE_LOG_UNAVAILABLE',
          retriable: true,
        })

        expect(broker.proxy.produceRequests - before).toBe(1)
      })

      it('opens with the right credentials, and names the brokers but no password with wrong ones', async () => {
        const openAs = (password: string): Promise<Log> =>
          openKafkaLog({
            settings: { brokers: [broker.secured], clientId: 'faults', sasl: { ...teller, password } },
            encoding,
            logger: silentLogger,
          })

        const log = await openAs(teller.password)
        expect(log.identity).toBe(direct.identity)
        await log.close()

        const refusal = await openAs('password123').catch((error: unknown) => error)
        expect(refusal).toMatchObject({
          code: 'REPRISE_LOG_UNAVAILABLE',
          message: expect.stringContaining('credentials') as string,
        })
        expect(inspect(refusal, { depth: 9 })).toContain(broker.secured)
        expect(inspect(refusal, { depth: 9 })).not.toContain('password123')
      })

      it('delivers on after the brokers were out of reach, and publishes and answers again', async () => {
        const consumer = new RecordingConsumer()
        const subscription = await proxied.subscribe({
          group: uniqueName('group'),
          topics: [topic],
          consumer,
          lease: 2_000,
        })
        onTestFinished(() => subscription.stop())
        const publisher = openPublisher()
        const store = storedEvents()
        await publisher.publish(await recordsOf(topic, store([`${topic}-a`], 3)))
        await waitFor(() => consumer.applied.length === 3, { what: 'the records from before' })

        broker.proxy.shut()
        const more = await recordsOf(topic, store([`${topic}-a`], 3))
        expect(await isPublished(publisher, more)).toBe(false)
        await waitFor(() => consumer.held.size === 0, { what: 'the client to give up', deadline: 30_000 })
        broker.proxy.reopen()

        await waitFor(() => isPublished(publisher, more), { what: 'the records to be published' })
        await waitFor(() => consumer.applied.length === 6, {
          what: 'the records from after',
          deadline: 20_000,
        })
        expect((await proxied.topics.offsets(topic)).reduce((sum, { end }) => sum + end, 0n)).toBe(6n)
      }, 90_000)
    },
  )
})

async function recordsOf(
  topic: string,
  events: ReturnType<ReturnType<typeof storedEvents>>,
): Promise<readonly OutgoingRecord[]> {
  return (await events).map((event) => ({ topic, key: event.stream.id, event }))
}

const isPublished = (publisher: LogPublisher, records: readonly OutgoingRecord[]): Promise<boolean> =>
  publisher.publish(records).then(
    () => true,
    () => false,
  )

/** The versions of each stream in the order in which they first appear in their partition. Duplicates may surround them. */
async function firstCopies(
  log: Log,
  topic: string,
  count: number,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const consumer = new RecordingConsumer()
  const subscription = await log.subscribe({ group: uniqueName('group'), topics: [topic], consumer })
  const offsets = await log.topics.offsets(topic)
  const total = Number(offsets.reduce((sum, { end }) => sum + end, 0n))
  await waitFor(() => consumer.applied.length >= total, { what: `all ${total} records` })
  await subscription.stop()
  const versions = new Map<string, number[]>()
  for (const record of consumer.applied) {
    const { stream, version } = encoding.decode(record)
    const seen = versions.get(stream.id) ?? []
    if (!seen.includes(version)) versions.set(stream.id, [...seen, version])
  }
  expect([...versions.values()].flat()).toHaveLength(count)
  return versions
}
