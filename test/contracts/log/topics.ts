import { expect } from 'vitest'
import { TopicMissing } from '../../../src/core/errors/index.js'
import { lagOf } from '../../../src/log/index.js'
import { uniqueName } from '../../support/kafka.js'
import { streamsOver } from '../../support/streams-over.js'
import type { LogTest } from '../log.contract.js'

export function describeTopics(test: LogTest): void {
  const { promise, newTopic, publish } = test

  promise('creates a topic with its partitions and leaves one that exists as it is', async () => {
    const name = uniqueName('contract')

    expect(await test.log.topics.create({ name, partitions: 3 })).toBe('created')
    expect(await test.log.topics.create({ name, partitions: 5 })).toBe('exists')

    expect(await test.log.topics.describe([name])).toEqual(new Map([[name, { name, partitions: 3 }]]))
    await test.log.topics.delete([name])
  })

  promise('describes the topics that exist and leaves out the others', async () => {
    const topic = await newTopic(2)
    const missing = uniqueName('contract')

    const described = await test.log.topics.describe([missing, topic])

    expect([...described.values()]).toEqual([{ name: topic, partitions: 2 }])
    expect(await test.log.topics.describe([])).toEqual(new Map())
  })

  promise('refuses to say the offsets of a topic that does not exist', async () => {
    await expect(test.log.topics.offsets(uniqueName('contract'))).rejects.toThrow(TopicMissing)
  })

  promise('says where each partition begins and ends, in partition order', async () => {
    const topic = await newTopic(12)
    const events = await publish(topic, streamsOver(12, 2, topic), 2)

    const offsets = await test.log.topics.offsets(topic)

    expect(offsets.map(({ partition }) => partition)).toEqual([...Array(12).keys()])
    expect(offsets.every(({ earliest }) => earliest === 0n)).toBe(true)
    expect(offsets.reduce((sum, { end }) => sum + end, 0n)).toBe(BigInt(events.length))
  })

  promise(
    'counts the records that lie ahead as lag, from the beginning where no offset is known',
    async () => {
      const topic = await newTopic(1)
      await publish(topic, [`${topic}-a`], 5)
      const offsets = await test.log.topics.offsets(topic)

      expect(lagOf(offsets, new Map([[0, 2n]]))).toBe(3n)
      expect(lagOf(offsets, new Map([[0, 5n]]))).toBe(0n)
      expect(lagOf(offsets, new Map())).toBe(5n)
    },
  )

  promise('drops records before an offset and begins there', async () => {
    const topic = await newTopic(1)
    await publish(topic, [`${topic}-a`], 5)

    await test.log.topics.deleteBefore(topic, 0, 3n)

    expect(await test.log.topics.offsets(topic)).toEqual([{ partition: 0, earliest: 3n, end: 5n }])
  })

  promise('drops all records, and keeps the end, when asked for an offset past it', async () => {
    const topic = await newTopic(1)
    await publish(topic, [`${topic}-a`], 5)

    await test.log.topics.deleteBefore(topic, 0, 99n)

    expect(await test.log.topics.offsets(topic)).toEqual([{ partition: 0, earliest: 5n, end: 5n }])
  })

  promise('brings nothing back when asked to drop less than is gone', async () => {
    const topic = await newTopic(1)
    await publish(topic, [`${topic}-a`], 5)
    await test.log.topics.deleteBefore(topic, 0, 4n)

    await test.log.topics.deleteBefore(topic, 0, 1n)

    expect(await test.log.topics.offsets(topic)).toEqual([{ partition: 0, earliest: 4n, end: 5n }])
  })

  promise('refuses to drop records of a topic that does not exist', async () => {
    await expect(test.log.topics.deleteBefore(uniqueName('contract'), 0, 1n)).rejects.toThrow(TopicMissing)
  })

  promise('deletes topics with their records, and is content with one that does not exist', async () => {
    const topic = await newTopic(1)
    await publish(topic, [`${topic}-a`], 2)

    await test.log.topics.delete([topic, uniqueName('contract')])

    expect((await test.log.topics.describe([topic])).size).toBe(0)
    await test.log.topics.create({ name: topic, partitions: 1 })
    expect(await test.log.topics.offsets(topic)).toEqual([{ partition: 0, earliest: 0n, end: 0n }])
  })

  promise('is the same log however often it is opened', async () => {
    const other = await test.harness.open()

    expect(other.identity).toBe(test.log.identity)
    expect(other.identity).toMatch(new RegExp(`^${other.kind}`))
    await other.close()
  })
}
