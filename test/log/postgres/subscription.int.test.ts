import { describe, expect, it, onTestFinished } from 'vitest'
import type { SubscribeOptions } from '../../../src/log/index.js'
import type { PostgresLog } from '../../../src/log/postgres/index.js'
import { Notifications } from '../../../src/postgres/notifications.js'
import { deposit, open } from '../../support/account-commands.js'
import { DatabaseProxy } from '../../support/database-proxy.js'
import { Gate } from '../../support/gate.js'
import { uniqueName } from '../../support/kafka.js'
import { RecordingConsumer } from '../../support/recording-consumer.js'
import { postgresLog } from '../../support/relays.js'
import { silentLogger } from '../../support/silent-logger.js'
import { streamsOver } from '../../support/streams-over.js'
import { waitFor } from '../../support/wait-for.js'
import { schemas, useMigratedDatabase } from '../../support/write-side.js'

const database = useMigratedDatabase()
const LEASE = 1_000

describe('the log in Postgres', () => {
  it('gives out offsets without gaps to concurrent publishers, and shows readers none before a lower one', async () => {
    const log = openLog()
    const topic = await newTopic(log, 3)
    const events = await eventsOver(3, 10)
    const published = new AbortController()
    const seen = (async () => {
      const gaps: unknown[] = []
      while (!published.signal.aborted) gaps.push(...(await gapsIn(topic)))
      return gaps
    })()

    await Promise.all(
      Array.from({ length: 6 }, async () => {
        const publisher = openLog().publisher()
        for (let round = 0; round < 8; round++)
          await publisher.publish(events.map((event) => ({ topic, key: event.stream.id, event })))
      }),
    )
    published.abort()

    expect(await seen).toEqual([])
    expect(await gapsIn(topic)).toEqual([])
    const offsets = await log.topics.offsets(topic)
    expect(offsets.reduce((sum, { end }) => sum + end, 0n)).toBe(BigInt(6 * 8 * events.length))
  })

  it('keeps the lanes that stay while a lane that went to another member still finishes its batch', async () => {
    const log = openLog()
    const topic = await newTopic(log, 4)
    const events = await eventsOver(4, 1)
    const publisher = log.publisher()
    await publisher.publish(events.map((event) => ({ topic, key: event.stream.id, event })))
    const gate = new Gate()
    onTestFinished(() => gate.open())
    const slow = new RecordingConsumer({
      step: ({ partition }) => (partition === 3 ? gate.opened : Promise.resolve(undefined)),
    })
    const other = new RecordingConsumer()
    const group = uniqueName('group')
    await subscribe(log, { group, topics: [topic], consumer: slow })
    await waitFor(() => slow.applied.length === 9 && slow.underWay === 1, { what: 'one lane to be slow' })

    await subscribe(openLog(), { group, topics: [topic], consumer: other })
    await waitFor(() => other.held.size === 2, { what: 'the other member to have its share' })
    const began = performance.now()
    await waitFor(() => performance.now() - began > 2.5 * LEASE, { what: 'more than two leases to pass' })
    gate.open()
    await waitFor(() => slow.held.size === 2, { what: 'the slow lane to be given up' })

    expect([...slow.held].sort()).toEqual([`${topic}/0`, `${topic}/1`])
    expect(other.assignments.filter((lane) => lane.endsWith('/0') || lane.endsWith('/1'))).toEqual([])
    expect(slow.overlaps).toEqual([])
  })

  it('delivers on after the database was away for longer than the lease', async () => {
    const proxy = await DatabaseProxy.before(database.url)
    onTestFinished(() => proxy.close())
    const topic = await newTopic(openLog(), 2)
    const consumer = new RecordingConsumer()
    await subscribe(openLog(proxy.url), { group: uniqueName('group'), topics: [topic], consumer })
    await waitFor(() => consumer.held.size === 2, { what: 'both lanes' })
    const events = await eventsOver(2, 3)
    const publisher = openLog().publisher()

    proxy.shut()
    await publisher.publish(events.map((event) => ({ topic, key: event.stream.id, event })))
    const began = performance.now()
    await waitFor(() => performance.now() - began > 1.5 * LEASE, { what: 'the leases to run out' })
    proxy.reopen()
    await waitFor(() => consumer.applied.length >= events.length, { what: 'all records' })

    expect(consumer.applied).toHaveLength(events.length)
    expect(consumer.overlaps).toEqual([])
  })

  it('asks the consumer again where to begin when records are deleted before they are read', async () => {
    const log = openLog()
    const topic = await newTopic(log, 1)
    const events = (await eventsOver(1, 4)).slice(0, 10)
    await log.publisher().publish(events.map((event) => ({ topic, key: event.stream.id, event })))
    const gate = new Gate()
    onTestFinished(() => gate.open())
    const consumer = new RecordingConsumer({ step: () => gate.opened })
    await subscribe(log, { group: uniqueName('group'), topics: [topic], consumer, batchSize: 5 })
    await waitFor(() => consumer.underWay === 1, { what: 'the first batch' })

    await log.topics.deleteBefore(topic, 0, 10n)
    gate.open()

    await waitFor(() => consumer.assignments.length > 1, { what: 'the consumer to be asked again' })
    expect(consumer.applied).toHaveLength(5)
  })

  it('holds nothing after a subscription that could not be started', async () => {
    const log = openLog()
    const [topic, doomed] = [await newTopic(log, 2), await newTopic(log, 2)]
    const group = uniqueName('group')
    const consumer = new RecordingConsumer()
    await database.pool.query(
      `INSERT INTO ${schemas.read}.lease_members VALUES ($1, gen_random_uuid(), 'infinity')`,
      [`${group} ${doomed}`],
    )
    await database.pool.query(
      `ALTER TABLE ${schemas.read}.leases ADD CONSTRAINT broken CHECK (scope NOT LIKE '%${doomed}')`,
    )
    onTestFinished(async () => {
      await database.pool.query(`ALTER TABLE ${schemas.read}.leases DROP CONSTRAINT IF EXISTS broken`)
    })

    await expect(subscribe(log, { group, topics: [topic, doomed], consumer })).rejects.toThrow('broken')

    await waitFor(() => consumer.held.size === 0, { what: 'the lanes to be given up' })
    const { rows } = await database.pool.query(
      `SELECT FROM ${schemas.read}.leases WHERE scope = $1 AND expires_at > clock_timestamp()`,
      [`${group} ${topic}`],
    )
    expect(rows).toEqual([])
  })
})

function openLog(url?: string): PostgresLog {
  const pool = database.connect(6, url)
  const notifications = new Notifications(pool, silentLogger)
  onTestFinished(() => notifications.close())
  return postgresLog(pool, notifications)
}

async function newTopic(log: PostgresLog, partitions: number): Promise<string> {
  const name = uniqueName('topic')
  await log.topics.create({ name, partitions })
  return name
}

async function subscribe(log: PostgresLog, options: Omit<SubscribeOptions, 'lease'>): Promise<void> {
  const subscription = await log.subscribe({ lease: LEASE, ...options })
  onTestFinished(() => subscription.stop())
}

/** Events of `each` new streams for every partition: an opening and two deposits. */
async function eventsOver(partitions: number, each: number) {
  const side = database.writeSide()
  const streams = streamsOver(partitions, each, uniqueName('stream'))
  for (const id of streams) {
    await open(side, id)
    await deposit(side, id, 1n)
    await deposit(side, id, 1n)
  }
  return (await Promise.all(streams.map((id) => side.store.load({ type: 'account', id })))).flat()
}

/** Records that are not at the offset that their place in the partition gives them, or lie past its end. */
async function gapsIn(topic: string): Promise<readonly unknown[]> {
  const { rows } = await database.pool.query<Record<string, unknown>>(
    `SELECT * FROM (
       SELECT r.partition, r.record_offset, p.next_offset,
              row_number() OVER (PARTITION BY r.partition ORDER BY r.record_offset) - 1 AS place
       FROM ${schemas.store}.topics t JOIN ${schemas.store}.topic_records r ON r.topic_id = t.id
       JOIN ${schemas.store}.topic_partitions p ON p.topic_id = t.id AND p.partition = r.partition
       WHERE t.name = $1) records
     WHERE place <> record_offset OR record_offset >= next_offset`,
    [topic],
  )
  return rows
}
