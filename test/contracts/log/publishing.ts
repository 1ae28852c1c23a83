import { expect } from 'vitest'
import { TopicMissing } from '../../../src/core/errors/index.js'
import { TopicsUnavailable } from '../../../src/log/index.js'
import { partitionOf } from '../../../src/log/partitioner.js'
import { uniqueName } from '../../support/kafka.js'
import { RecordingConsumer } from '../../support/recording-consumer.js'
import { waitFor } from '../../support/wait-for.js'
import type { LogTest } from '../log.contract.js'

export function describePublishing(test: LogTest): void {
  const { promise, newTopic, publish, subscribe } = test

  promise('puts all records of a key into the partition of its hash, in the order given', async () => {
    const topic = await newTopic(3)
    const streamIds = ['576', 'account-1', 'Jörg', '口座-42'].map((id) => `${id}-${topic}`)
    const consumer = new RecordingConsumer()

    const events = await publish(topic, streamIds, 5)
    await subscribe({ topics: [topic], consumer })
    await waitFor(() => consumer.applied.length >= events.length, { what: 'all records' })

    expect(consumer.applied).toHaveLength(events.length)
    for (const streamId of streamIds) {
      const records = consumer.applied.filter(({ key }) => key === streamId)
      expect(records.map(({ partition }) => partition)).toEqual(Array(5).fill(partitionOf(streamId, 3)))
      expect(records.map((record) => test.harness.encoding.decode(record).version)).toEqual([1, 2, 3, 4, 5])
    }
  })

  promise(
    'keeps value and headers as they were encoded, and the time of recording as the timestamp',
    async () => {
      const topic = await newTopic(1)
      const consumer = new RecordingConsumer()

      const [event] = await publish(topic, [`${topic}-a`], 1)
      await subscribe({ topics: [topic], consumer })
      const record = await waitFor(() => consumer.applied[0], { what: 'the record' })

      if (event === undefined) throw new Error('no event was stored')
      const encoded = test.harness.encoding.encode(event)
      expect(record).toMatchObject({
        topic,
        partition: 0,
        offset: 0n,
        key: event.stream.id,
        timestamp: event.recordedAt,
      })
      expect(record.headers).toEqual(encoded.headers)
      expect(Buffer.from(record.value ?? [])).toEqual(Buffer.from(encoded.value))
    },
  )

  promise('keeps a record that is no event as it was given, between events of its key', async () => {
    const topic = await newTopic(2)
    const key = `${topic}-a`
    const consumer = new RecordingConsumer()
    const [before, after] = await test.harness.storeEvents([key], 2)
    if (before === undefined || after === undefined) throw new Error('no events were stored')
    const bytes = Uint8Array.from([0, 255, 10, 0, 128])
    const timestamp = new Date('2026-03-01T12:34:56.789Z')
    const headers = { id: 'x', 'kafka_dlt-exception-message': 'Jörg said: "no"\n', __proto: '' }
    const tombstone = { topic, key, headers: {}, value: null, timestamp }
    const publisher = test.log.publisher()

    await publisher.publish([
      { topic, key, event: before },
      { topic, key, headers, value: bytes, timestamp },
      tombstone,
      { topic, key, event: after },
    ])
    await publisher.close()
    await subscribe({ topics: [topic], consumer })
    await waitFor(() => consumer.applied.length >= 4, { what: 'all records' })

    const [first, raw, empty, last] = consumer.applied
    expect(consumer.applied.map(({ offset }) => offset)).toEqual([0n, 1n, 2n, 3n])
    expect(consumer.applied.map((record) => record.key)).toEqual([key, key, key, key])
    expect(first && test.harness.encoding.decode(first).eventId).toBe(before.eventId)
    expect(last && test.harness.encoding.decode(last).eventId).toBe(after.eventId)
    expect({ ...raw?.headers }).toEqual(headers)
    expect(Buffer.from(raw?.value ?? [])).toEqual(Buffer.from(bytes))
    expect(raw?.timestamp).toEqual(timestamp)
    expect(empty).toMatchObject({ headers: {}, value: null, timestamp })
  })

  promise('publishes into several topics at once', async () => {
    const topics = [await newTopic(1), await newTopic(2)]
    const events = await test.harness.storeEvents([uniqueName('a'), uniqueName('b')], 3)
    const publisher = test.log.publisher()

    await publisher.publish(
      topics.flatMap((topic) => events.map((event) => ({ topic, key: event.stream.id, event }))),
    )

    for (const topic of topics) {
      const offsets = await test.log.topics.offsets(topic)
      expect(offsets.reduce((sum, { end }) => sum + end, 0n)).toBe(6n)
    }
    await publisher.close()
  })

  promise('goes on at the end with each publish', async () => {
    const topic = await newTopic(1)
    const events = await test.harness.storeEvents([`${topic}-a`], 4)
    const publisher = test.log.publisher()

    for (const event of events) await publisher.publish([{ topic, key: event.stream.id, event }])
    await publisher.publish([])

    expect(await test.log.topics.offsets(topic)).toEqual([{ partition: 0, earliest: 0n, end: 4n }])
    await publisher.close()
  })

  promise('names a topic that does not exist, creates none, and takes what is for others', async () => {
    const [topic, missing] = [await newTopic(1), uniqueName('contract')]
    const [event] = await test.harness.storeEvents([`${topic}-a`], 1)
    if (event === undefined) throw new Error('no event was stored')
    const publisher = test.log.publisher()
    const record = { topic, key: event.stream.id, event }

    const error = await publisher.publish([{ ...record, topic: missing }, record]).catch((it: unknown) => it)

    if (!(error instanceof TopicsUnavailable)) throw error
    expect([...error.failures.keys()]).toEqual([missing])
    expect(error.failures.get(missing)).toBeInstanceOf(TopicMissing)
    expect((await test.log.topics.describe([missing])).size).toBe(0)
    if (error.published.length === 0) await publisher.publish([record])
    const ends = (await test.log.topics.offsets(topic)).map(({ end }) => end)
    expect(ends).toEqual([1n])
    await publisher.close()
  })

  promise('shows some record of a topic, and nothing of an empty one', async () => {
    const topic = await newTopic(3)
    expect(await test.log.sample(topic)).toBeUndefined()

    const [event] = await publish(topic, [`${topic}-a`], 1)
    const sample = await test.log.sample(topic)

    expect(sample?.key).toBe(event?.stream.id)
    expect(sample && test.harness.encoding.decode(sample).eventId).toBe(event?.eventId)
  })

  promise('refuses to sample a topic that does not exist', async () => {
    await expect(test.log.sample(uniqueName('contract'))).rejects.toThrow(TopicMissing)
  })
}
