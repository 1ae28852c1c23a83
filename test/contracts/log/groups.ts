import { expect, onTestFinished } from 'vitest'
import { lagOf } from '../../../src/log/index.js'
import { Gate } from '../../support/gate.js'
import { uniqueName } from '../../support/kafka.js'
import { startModuleProcess } from '../../support/module-process.js'
import { Checkpoints, RecordingConsumer } from '../../support/recording-consumer.js'
import { streamsOver } from '../../support/streams-over.js'
import { waitFor } from '../../support/wait-for.js'
import type { LogTest } from '../log.contract.js'

/** Milliseconds on top of a lease that a takeover may need on a busy machine. */
const SLACK = 8_000

export function describeGroups(test: LogTest): void {
  const { promise, newTopic, publish, subscribe } = test

  promise('shares the partitions among the members of a group, each record applied once', async () => {
    const topic = await newTopic(4)
    const group = uniqueName('group')
    const checkpoints = new Checkpoints()
    const one = new RecordingConsumer({ checkpoints })
    const other = new RecordingConsumer({ checkpoints })
    await subscribe({ topics: [topic], group, consumer: one })
    await waitFor(() => one.held.size === 4, { what: 'the first member to have all partitions' })

    await subscribe({ topics: [topic], group, consumer: other, apart: true })
    await waitFor(() => one.held.size === 2 && other.held.size === 2, {
      what: 'both to have half',
      deadline: 20_000,
    })
    await publish(topic, streamsOver(4, 4, topic), 5)
    await waitFor(() => one.applied.length + other.applied.length >= 80, { what: 'all records' })

    const places = [...one.applied, ...other.applied].map(
      ({ partition, offset }) => `${partition}/${offset.toString()}`,
    )
    expect(new Set(places).size).toBe(80)
    expect(places).toHaveLength(80)
    expect([...one.held].filter((lane) => other.held.has(lane))).toEqual([])
    expect(lagOf(await test.log.topics.offsets(topic), checkpoints.nextOf(topic))).toBe(0n)
  })

  promise('gives every group all records', async () => {
    const topic = await newTopic(2)
    await publish(topic, streamsOver(2, 3, topic), 2)
    const consumers = [new RecordingConsumer(), new RecordingConsumer()]

    for (const consumer of consumers) await subscribe({ topics: [topic], consumer })

    await waitFor(() => consumers.every(({ applied }) => applied.length === 12), {
      what: 'both groups to have all',
    })
  })

  promise('gives the partitions of a member that stops to the others', async () => {
    const topic = await newTopic(4)
    const group = uniqueName('group')
    const checkpoints = new Checkpoints()
    const leaving = new RecordingConsumer({ checkpoints })
    const staying = new RecordingConsumer({ checkpoints })
    const subscription = await subscribe({ topics: [topic], group, consumer: leaving, apart: true })
    await subscribe({ topics: [topic], group, consumer: staying })
    await waitFor(() => leaving.held.size === 2 && staying.held.size === 2, {
      what: 'both to have half',
      deadline: 20_000,
    })

    await subscription.stop()
    await publish(topic, streamsOver(4, 4, topic), 5)
    await waitFor(() => staying.held.size === 4, { what: 'the takeover', deadline: 20_000 })
    await waitFor(() => staying.applied.length === 80, { what: 'all records' })

    expect(leaving.held.size).toBe(0)
    expect(leaving.applied).toEqual([])
  })

  promise('gives the partitions of a killed member to the others once its lease has run out', async () => {
    const topic = await newTopic(4)
    const group = uniqueName('group')
    const lease = 2_000
    const doomed = await startModuleProcess(memberCode(test.harness.openingCode, { group, topic, lease }))
    onTestFinished(() => doomed.kill('SIGKILL'))
    const lanes = new Set<string>()
    while (lanes.size < 4) lanes.add(await doomed.nextLine())
    const heir = new RecordingConsumer()
    await publish(topic, streamsOver(4, 4, topic), 5)

    await doomed.kill('SIGKILL')
    await subscribe({ topics: [topic], group, consumer: heir, lease })

    await waitFor(() => heir.held.size === 4, { what: 'the takeover', deadline: lease + SLACK })
    await waitFor(() => heir.applied.length === 80, { what: 'all records' })
  })

  promise(
    'stops after the batches under way, gives every partition back, and delivers nothing more',
    async () => {
      const topic = await newTopic(2)
      const published = await publish(topic, streamsOver(2, 4, topic), 2)
      const gate = new Gate()
      const consumer = new RecordingConsumer({ step: () => gate.opened })
      const subscription = await subscribe({ topics: [topic], consumer, batchSize: 1 })
      await waitFor(() => consumer.underWay === 2, { what: 'batches to be under way' })

      let stopped = false
      const stopping = Promise.all([subscription.stop(), subscription.stop()]).then(() => (stopped = true))
      expect(stopped).toBe(false)
      gate.open()
      await stopping

      expect(consumer.underWay).toBe(0)
      expect(consumer.held.size).toBe(0)
      expect([...consumer.revocations].sort()).toEqual([`${topic}/0`, `${topic}/1`])
      expect(consumer.delivered.length).toBeLessThan(published.length)
    },
  )

  promise('tells a batch under way that its lane is lost', async () => {
    const topic = await newTopic(1)
    await publish(topic, [`${topic}-a`], 1)
    const untilAborted = new RecordingConsumer({
      step: (_lane, _records, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve(undefined))
        }),
    })
    const subscription = await subscribe({ topics: [topic], consumer: untilAborted })
    await waitFor(() => untilAborted.underWay === 1, { what: 'the batch' })

    await subscription.stop()

    expect(untilAborted.underWay).toBe(0)
  })
}

/** A member that names the lanes it is given and applies nothing. */
const memberCode = (openingCode: string, member: { group: string; topic: string; lease: number }): string => `
${openingCode}
const { group, topic, lease } = ${JSON.stringify(member)}
await log.subscribe({
  group, topics: [topic], lease,
  consumer: {
    assigned: async (lane) => { console.log(lane.partition); return 0n },
    deliver: async (lane, records) => records[0].offset,
    revoked: async () => {},
  },
})
setInterval(() => {}, 1000)
`
