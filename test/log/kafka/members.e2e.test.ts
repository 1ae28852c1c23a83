import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { jsonEncoding } from '../../../src/contracts/index.js'
import type { Log, LogSubscription } from '../../../src/log/index.js'
import { openKafkaLog } from '../../../src/log/kafka/index.js'
import { describeKafka, kafkaBrokers, uniqueName } from '../../support/kafka.js'
import { type ModuleProcess, startModuleProcess } from '../../support/module-process.js'
import { Checkpoints, RecordingConsumer } from '../../support/recording-consumer.js'
import { silentLogger } from '../../support/silent-logger.js'
import { storedEvents } from '../../support/stored-events.js'
import { streamsOver } from '../../support/streams-over.js'
import { waitFor } from '../../support/wait-for.js'

const encoding = jsonEncoding({ service: 'banking', storeId: 'store-1' })

describeKafka('members of a group on Kafka', () => {
  let brokers: string[] = []
  let log: Log
  beforeAll(async () => {
    brokers = [(await kafkaBrokers()) ?? '']
    log = await openKafkaLog({ settings: { brokers, clientId: 'members' }, encoding, logger: silentLogger })
  })
  afterAll(() => log.close())

  const newTopic = async (partitions: number): Promise<string> => {
    const topic = uniqueName('members')
    await log.topics.create({ name: topic, partitions })
    onTestFinished(() => log.topics.delete([topic]))
    return topic
  }

  const join = async (
    topic: string,
    group: string,
    consumer: RecordingConsumer,
    lease: number,
  ): Promise<LogSubscription> => {
    const subscription = await log.subscribe({ topics: [topic], group, consumer, lease })
    onTestFinished(() => subscription.stop())
    return subscription
  }

  const publish = async (topic: string, partitions: number, count: number) => {
    const events = await storedEvents()(streamsOver(partitions, 2, topic), count)
    const publisher = log.publisher()
    await publisher.publish(events.map((event) => ({ topic, key: event.stream.id, event })))
    await publisher.close()
    return events.length
  }

  it('keep their lanes when others join and leave: only those move that have to', async () => {
    const topic = await newTopic(6)
    const group = uniqueName('group')
    const checkpoints = new Checkpoints()
    const consumers = Array.from({ length: 3 }, () => new Rechecked({ checkpoints }))
    const [first, second, third] = consumers as [Rechecked, Rechecked, Rechecked]
    const sizes = () => consumers.map(({ held }) => held.size).join()
    await join(topic, group, first, 3_000)
    await join(topic, group, second, 3_000)
    await waitFor(() => sizes() === '3,3,0', { what: 'two shares', deadline: 20_000 })
    const taken = () => consumers.map(({ assignments }) => assignments.length)
    const before = taken()

    const leaving = await join(topic, group, third, 3_000)
    await waitFor(() => sizes() === '2,2,2', { what: 'three shares', deadline: 20_000 })
    expect(taken()).toEqual([before[0], before[1], 2])
    const kept = [new Set(first.held), new Set(second.held)]
    await leaving.stop()
    await waitFor(() => sizes() === '3,3,0', { what: 'two shares again', deadline: 20_000 })

    expect(taken()).toEqual([Number(before[0]) + 1, Number(before[1]) + 1, 2])
    expect([...(kept[0] ?? [])].every((lane) => first.held.has(lane))).toBe(true)
    expect([...(kept[1] ?? [])].every((lane) => second.held.has(lane))).toBe(true)
    const count = await publish(topic, 6, 3)
    await waitFor(() => first.applied.length + second.applied.length === count, { what: 'all records' })
  }, 60_000)

  it.each([1_000, 3_000])(
    'take over within two leases of %i ms from one that is killed',
    async (lease) => {
      const topic = await newTopic(4)
      const group = uniqueName('group')
      const heir = new RecordingConsumer()
      await join(topic, group, heir, lease)
      const doomed = await startMember(brokers, { group, topic, lease })
      await waitFor(() => heir.held.size === 2, { what: 'half for each', deadline: 20_000 })

      const killed = performance.now()
      await doomed.kill('SIGKILL')
      await waitFor(() => heir.held.size === 4, { what: 'the takeover', deadline: 20_000 })

      const took = performance.now() - killed
      process.stdout.write(`taken over on Kafka after ${Math.round(took)} ms with a lease of ${lease} ms\n`)
      expect(took).toBeLessThan(2 * lease)
    },
    60_000,
  )

  it('take over from one that is paused for longer than its lease, and share with it when it wakes up', async () => {
    const lease = 1_000
    const topic = await newTopic(4)
    const group = uniqueName('group')
    const heir = new RecordingConsumer()
    await join(topic, group, heir, lease)
    const paused = await startMember(brokers, { group, topic, lease })
    await waitFor(() => heir.held.size === 2, { what: 'half for each', deadline: 20_000 })

    process.kill(paused.pid, 'SIGSTOP')
    await waitFor(() => heir.held.size === 4, { what: 'the takeover', deadline: 20_000 })
    const count = await publish(topic, 4, 3)
    await waitFor(() => heir.applied.length === count, { what: 'all records' })
    process.kill(paused.pid, 'SIGCONT')

    await waitFor(() => heir.held.size === 2, { what: 'half for each again', deadline: 20_000 })
    await paused.kill('SIGKILL')
  }, 60_000)
})

/** Looks at a lane that stays without taking it again, as projections do. */
class Rechecked extends RecordingConsumer {
  recheck({ topic, partition }: { readonly topic: string; readonly partition: number }): Promise<bigint> {
    return Promise.resolve(this.checkpoints.nextOf(topic).get(partition) ?? 0n)
  }
}

/** A member in a process of its own that has lanes and applies nothing. */
async function startMember(
  brokers: readonly string[],
  member: { readonly group: string; readonly topic: string; readonly lease: number },
): Promise<ModuleProcess> {
  const doomed = await startModuleProcess(`
import { jsonEncoding } from '$src/contracts/index.js'
import { openKafkaLog } from '$src/log/kafka/index.js'
const logger = { debug() {}, info() {}, warn() {}, error() {} }
const { group, topic, lease, brokers } = ${JSON.stringify({ ...member, brokers })}
const log = await openKafkaLog({
  settings: { brokers, clientId: 'member' }, encoding: jsonEncoding({ service: 'banking', storeId: 'store-1' }), logger,
})
await log.subscribe({
  group, topics: [topic], lease,
  consumer: {
    assigned: async (lane) => { console.log(lane.partition); return 0n },
    deliver: async (lane, records) => records[0].offset,
    revoked: async () => {},
  },
})
setInterval(() => {}, 1000)
`)
  onTestFinished(() => doomed.kill('SIGKILL'))
  await doomed.nextLine()
  return doomed
}
