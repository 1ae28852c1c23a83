import { expect } from 'vitest'
import { TopicMissing } from '../../../src/core/errors/index.js'
import { Gate } from '../../support/gate.js'
import { uniqueName } from '../../support/kafka.js'
import { Checkpoints, RecordingConsumer } from '../../support/recording-consumer.js'
import { streamsOver } from '../../support/streams-over.js'
import { waitFor } from '../../support/wait-for.js'
import type { LogTest } from '../log.contract.js'

export function describeLanes(test: LogTest): void {
  const { promise, newTopic, publish, subscribe } = test

  promise('refuses to subscribe to a topic that does not exist, and creates none', async () => {
    const topic = uniqueName('contract')

    const subscribing = subscribe({ topics: [topic], consumer: new RecordingConsumer() })

    await expect(subscribing).rejects.toThrow(TopicMissing)
    expect((await test.log.topics.describe([topic])).size).toBe(0)
  })

  promise(
    'delivers each record once, per partition in offset order, in batches of the size asked for',
    async () => {
      const topic = await newTopic(4)
      const events = await publish(topic, streamsOver(4, 2, topic), 12)
      const consumer = new RecordingConsumer()

      await subscribe({ topics: [topic], consumer, batchSize: 7 })
      await waitFor(() => consumer.applied.length >= events.length, { what: 'all records' })

      for (const { partition, end } of await test.log.topics.offsets(topic)) {
        const offsets = consumer.applied
          .filter((record) => record.partition === partition)
          .map(({ offset }) => offset)
        expect(offsets).toEqual(upTo(end))
      }
      expect(Math.max(...consumer.delivered.map(({ length }) => length))).toBe(7)
    },
  )

  promise('delivers what is published while it is subscribed', async () => {
    const topics = [await newTopic(2), await newTopic(2)]
    const consumer = new RecordingConsumer()
    await subscribe({ topics, consumer })
    await waitFor(() => consumer.held.size === 4, { what: 'the partitions of both topics' })

    await publish(topics[0] ?? '', streamsOver(2, 2, topics[0] ?? ''), 2)
    await waitFor(() => consumer.applied.length === 8, { what: 'the records of the first topic' })
    await publish(topics[1] ?? '', streamsOver(2, 2, topics[1] ?? ''), 2)
    await waitFor(() => consumer.applied.length === 16, { what: 'the records of the second topic' })

    expect(consumer.overlaps).toEqual([])
  })

  promise('begins where the consumer says, whatever the group read before', async () => {
    const topic = await newTopic(1)
    const group = uniqueName('group')
    await publish(topic, [`${topic}-a`], 10)
    const first = new RecordingConsumer()
    const subscription = await subscribe({ topics: [topic], group, consumer: first })
    await waitFor(() => first.applied.length === 10, { what: 'all records' })
    await subscription.stop()

    const checkpoints = new Checkpoints().begin({ topic, partition: 0 }, 4n)
    const second = new RecordingConsumer({ checkpoints })
    await subscribe({ topics: [topic], group, consumer: second })
    await waitFor(() => second.applied.length >= 6, { what: 'the records from offset 4 on' })

    expect(second.applied.map(({ offset }) => offset)).toEqual([4n, 5n, 6n, 7n, 8n, 9n])
  })

  promise('goes on where the answer to a delivery says', async () => {
    const topic = await newTopic(1)
    await publish(topic, [`${topic}-a`], 3)
    const oneByOne = new RecordingConsumer({
      step: (_lane, [first]) => Promise.resolve((first?.offset ?? 0n) + 1n),
    })

    await subscribe({ topics: [topic], consumer: oneByOne })
    await waitFor(() => oneByOne.applied.length === 3, { what: 'all records' })

    expect(oneByOne.delivered.map(([first]) => first?.offset)).toEqual([0n, 1n, 2n])
    expect(oneByOne.assignments).toHaveLength(1)
  })

  promise(
    'never gives a lane a batch before the last one is done, and gives several lanes theirs side by side',
    async () => {
      const topic = await newTopic(3)
      await publish(topic, streamsOver(3, 4, topic), 8)
      const gate = new Gate()
      const consumer = new RecordingConsumer({ step: () => gate.opened })

      await subscribe({ topics: [topic], consumer, batchSize: 2 })
      await waitFor(() => consumer.underWay === 3, { what: 'a batch of each lane to be under way' })
      gate.open()
      await waitFor(() => consumer.applied.length === 96, { what: 'all records' })

      expect(consumer.overlaps).toEqual([])
      expect(consumer.mostAtOnce).toBe(3)
    },
  )

  promise('delivers the other lanes while one takes longer than the lease', async () => {
    const topic = await newTopic(3)
    await publish(topic, streamsOver(3, 4, topic), 4)
    const gate = new Gate()
    const slow = new RecordingConsumer({
      step: ({ partition }) => (partition === 0 ? gate.opened : Promise.resolve(undefined)),
    })
    await subscribe({ topics: [topic], consumer: slow, lease: 1_000 })
    await waitFor(() => slow.underWay === 1 && slow.applied.length > 0, { what: 'one lane to be slow' })
    const began = Date.now()

    await waitFor(() => Date.now() - began > 2_500, { what: 'more than two leases to pass' })
    await publish(topic, streamsOver(3, 4, topic), 4)
    await waitFor(() => slow.applied.length === 64, { what: 'the new records of the other lanes' })
    gate.open()
    await waitFor(() => slow.applied.length === 96, { what: 'the slow lane' })

    expect(slow.overlaps).toEqual([])
    expect(slow.assignments).toHaveLength(3)
  })

  promise('asks again where to begin after a delivery that failed, and tries it again', async () => {
    const topic = await newTopic(2)
    const events = await publish(topic, streamsOver(2, 4, topic), 3)
    let failures = 2
    const consumer = new RecordingConsumer({
      step: ({ partition }) => {
        if (partition === 1 && failures-- > 0) return Promise.reject(new TypeError('planted'))
        return Promise.resolve(undefined)
      },
    })

    await subscribe({ topics: [topic], consumer })
    await waitFor(() => consumer.applied.length === events.length, { what: 'all records' })

    expect(consumer.assignments.filter((name) => name === `${topic}/1`)).toHaveLength(3)
    expect(consumer.assignments.filter((name) => name === `${topic}/0`)).toHaveLength(1)
    const offsets = consumer.delivered
      .filter(([first]) => first?.partition === 1)
      .map(([first]) => first?.offset)
    expect(offsets.slice(0, 3)).toEqual([0n, 0n, 0n])
  })

  promise('asks again when the consumer did not say where to begin', async () => {
    const topic = await newTopic(1)
    await publish(topic, [`${topic}-a`], 2)
    const consumer = new RecordingConsumer()
    const assigned = consumer.assigned.bind(consumer)
    let failures = 2
    consumer.assigned = (lane) => (failures-- > 0 ? Promise.reject(new Error('planted')) : assigned(lane))

    await subscribe({ topics: [topic], consumer })

    await waitFor(() => consumer.applied.length === 2, { what: 'all records' })
  })

  promise(
    'shows a consumer that records it asked for are gone, by beginning with those that are there',
    async () => {
      const topic = await newTopic(1)
      await publish(topic, [`${topic}-a`], 5)
      await test.log.topics.deleteBefore(topic, 0, 3n)
      const consumer = new RecordingConsumer()

      await subscribe({ topics: [topic], consumer })
      await waitFor(() => consumer.applied.length === 2, { what: 'the records that are left' })

      expect(consumer.delivered[0]?.[0]?.offset).toBe(3n)
    },
  )
}

const upTo = (end: bigint): readonly bigint[] =>
  Array.from({ length: Number(end) }, (_, index) => BigInt(index))
