import { expect } from 'vitest'
import { LaneDeclined, laneName } from '../../../src/log/index.js'
import { uniqueName } from '../../support/kafka.js'
import { Checkpoints, RecordingConsumer } from '../../support/recording-consumer.js'
import { streamsOver } from '../../support/streams-over.js'
import { waitFor } from '../../support/wait-for.js'
import type { LogTest } from '../log.contract.js'

const LEASE = 2_000

export function describeDeclinedLanes(test: LogTest): void {
  const { promise, newTopic, publish, subscribe } = test

  promise('leaves a lane that a member declines to the others, whatever they have already', async () => {
    const topic = await newTopic(4)
    const group = uniqueName('group')
    const checkpoints = new Checkpoints()
    const old = new RecordingConsumer({
      checkpoints,
      step: (lane) => Promise.reject(new LaneDeclined(lane, 'a newer release is writing')),
    })
    const newer = new RecordingConsumer({ checkpoints })
    await subscribe({ topics: [topic], group, consumer: old, lease: LEASE })
    await waitFor(() => old.held.size === 4, { what: 'the old member to have all lanes' })
    await subscribe({ topics: [topic], group, consumer: newer, lease: LEASE, apart: true })
    await waitFor(() => old.held.size === 2 && newer.held.size === 2, {
      what: 'half for each',
      deadline: 20_000,
    })

    const published = await publish(topic, streamsOver(4, 4, topic), 3)

    await waitFor(() => newer.applied.length === published.length, {
      what: 'the newer member to apply all records',
      deadline: 20_000,
    })
    expect(old.applied).toEqual([])
  })

  promise('offers a lane again that nobody else took, after two leases', async () => {
    const topic = await newTopic(2)
    await publish(topic, streamsOver(2, 2, topic), 2)
    const declinedAt: number[] = []
    const alone = new RecordingConsumer({
      step: (lane) => {
        if (lane.partition === 1 || declinedAt.length > 0) return Promise.resolve(undefined)
        declinedAt.push(performance.now())
        return Promise.reject(new LaneDeclined(lane, 'not yet'))
      },
    })

    await subscribe({ topics: [topic], consumer: alone, lease: LEASE })
    await waitFor(() => alone.applied.length === 8, { what: 'all records', deadline: 20_000 })

    expect(performance.now() - (declinedAt[0] ?? 0)).toBeGreaterThanOrEqual(2 * LEASE - 50)
    const first = laneName({ topic, partition: 0 })
    expect(alone.assignments.filter((name) => name === first)).toHaveLength(2)
    expect(alone.revocations).toContain(first)
  })

  promise('leaves a lane to others that is declined before anything of it is delivered', async () => {
    const topic = await newTopic(1)
    const group = uniqueName('group')
    const consumer = new RecordingConsumer()
    const assigned = consumer.assigned.bind(consumer)
    const asked: number[] = []
    consumer.assigned = (lane) => {
      asked.push(performance.now())
      return asked.length === 1 ? Promise.reject(new LaneDeclined(lane, 'not yet')) : assigned(lane)
    }

    await subscribe({ topics: [topic], group, consumer, lease: LEASE })
    await waitFor(() => consumer.held.size === 1, { what: 'the lane to be offered again', deadline: 20_000 })

    expect((asked[1] ?? 0) - (asked[0] ?? 0)).toBeGreaterThanOrEqual(2 * LEASE - 50)
  })
}
