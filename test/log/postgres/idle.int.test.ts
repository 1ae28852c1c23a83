import { describe, expect, it, onTestFinished } from 'vitest'
import type { PostgresLog } from '../../../src/log/postgres/index.js'
import { Notifications } from '../../../src/postgres/notifications.js'
import { uniqueName } from '../../support/kafka.js'
import { RecordingConsumer } from '../../support/recording-consumer.js'
import { postgresLog } from '../../support/relays.js'
import { silentLogger } from '../../support/silent-logger.js'
import { waitFor } from '../../support/wait-for.js'
import { useMigratedDatabase } from '../../support/write-side.js'

const database = useMigratedDatabase()
const LEASE = 1_500
const MEASURED_FOR = 4_000

describe('idle members of a group on the Postgres log', () => {
  it('ask the database no more often each, however many they are', async () => {
    const perMember: number[] = []
    for (const members of [1, 3, 6]) perMember.push((await statementsPerSecond(members)) / members)

    const rates = perMember.map((rate) => rate.toFixed(1)).join(', ')
    process.stdout.write(`statements per second and idle member, of 1, 3 and 6: ${rates}\n`)
    // A renewal each third of the lease, and a look where the topic ends each second.
    for (const rate of perMember) expect(rate).toBeLessThan(1.3 * (3_000 / LEASE + 1))
  })
})

/** What idle members of one group ask the database together. */
async function statementsPerSecond(members: number): Promise<number> {
  const asked = { statements: 0 }
  const topic = uniqueName('idle')
  const group = uniqueName('group')
  const logs = Array.from({ length: members }, () => openLog(asked))
  await logs[0]?.topics.create({ name: topic, partitions: 6 })
  const consumers = logs.map(() => new RecordingConsumer())
  const stops = await Promise.all(
    logs.map((log, index) =>
      log.subscribe({
        group,
        topics: [topic],
        consumer: consumers[index] ?? new RecordingConsumer(),
        lease: LEASE,
      }),
    ),
  )
  await waitFor(() => consumers.every(({ held }) => held.size === 6 / members), {
    what: 'a fair share for each',
  })
  const before = asked.statements
  const began = performance.now()
  await waitFor(() => performance.now() - began > MEASURED_FOR, { what: 'some idle time' })
  const rate = ((asked.statements - before) * 1_000) / (performance.now() - began)
  await Promise.all(stops.map((it) => it.stop()))
  return rate
}

function openLog(asked: { statements: number }): PostgresLog {
  const pool = database.connect(4)
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...statement: unknown[]) => unknown
    client.query = ((...statement: unknown[]) => {
      asked.statements++
      return query(...statement)
    }) as typeof client.query
  })
  const notifications = new Notifications(pool, silentLogger)
  onTestFinished(() => notifications.close())
  return postgresLog(pool, notifications)
}
