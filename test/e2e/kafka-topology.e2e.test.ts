import kafkajs from 'kafkajs'
import { beforeEach, expect, it } from 'vitest'
import { type App, defineApp, Reprise, type StartOptions } from 'reprise'
import { caughtUpAll } from '../support/bank-facts.js'
import { bank } from '../support/bank.js'
import { describeKafka, kafkaBrokers, uniqueName } from '../support/kafka.js'
import { openAccounts } from '../support/load.js'
import {
  ask,
  foldedBalances,
  quietly,
  Reader,
  ReadSide,
  shownBalances,
  useFreshDatabases,
} from '../support/read-side.js'
import { RecordingLogger } from '../support/recording-logger.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()

/** How many statements of the app's read side have waited for a lock for so many milliseconds. */
async function heldUp(reader: Reader, milliseconds: number): Promise<number> {
  const { waiting } = await reader.one<{ waiting: number }>(
    `SELECT count(*)::int AS waiting FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE '% read' AND wait_event_type = 'Lock'
       AND clock_timestamp() - query_start > $1 * interval '1 millisecond'`,
    [milliseconds],
  )
  return waiting
}

describeKafka('a projection on Kafka', () => {
  let url = ''
  let brokers: string[] = []
  let kafka: StartOptions = {}
  let app = bank
  let topic = ''
  beforeEach(async () => {
    url = await freshDatabase()
    brokers = [(await kafkaBrokers()) ?? '']
    kafka = { kafka: { brokers }, log: 'kafka', lease: 2_000 }
    app = defineApp({ ...bank, name: uniqueName('bank').replaceAll('-', '_') })
    topic = `${app.name}.account`
  })

  const start = (more: StartOptions = {}): Promise<App> =>
    Reprise.start(app, quietly(url, { ...kafka, ...more }))

  /** Why the balances stopped, once they have. */
  const reasonOfHalt = (): Promise<string> =>
    waitFor(
      async () => {
        const [row] = await ask<{ failure: string | null }>(
          url,
          `SELECT failure FROM reprise_read.generations WHERE projection = 'balances' AND state = 'stopped'`,
        )
        return row?.failure
      },
      { what: 'the balances to stop', deadline: 25_000 },
    )

  async function withAdmin<T>(work: (admin: kafkajs.Admin) => Promise<T>): Promise<T> {
    const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin()
    await admin.connect()
    return work(admin).finally(() => admin.disconnect())
  }

  /** Publishes all that is stored, the last stream first, as a topic that is made anew would hold it. */
  async function publishAnew(side: ReadSide): Promise<void> {
    const { log, history } = side.installation
    const events = await history.page(['account'], 0n, 10_000, 1_000_000n)
    const publisher = log.publisher()
    const streams = [...new Set(events.map(({ stream }) => stream.id))].reverse()
    for (const id of streams)
      await publisher.publish(
        events.filter(({ stream }) => stream.id === id).map((event) => ({ topic, key: id, event })),
      )
    await publisher.close()
  }

  it('halts while it runs when its topic is deleted and made anew, longer than before', async () => {
    await using running = await start()
    await openAccounts(running, 8, 3)
    await caughtUpAll(running, url)
    await using side = await ReadSide.open(url, app, kafka)
    const { topics } = side.installation.log

    await topics.delete([topic])
    await topics.create({ name: topic, partitions: 4 })
    await publishAnew(side)
    await publishAnew(side)

    expect(await reasonOfHalt()).toMatch(/expected .*, found .*: the topic was made anew/)
    expect(await shownBalances(url, `${app.name}.balances`)).toEqual(await foldedBalances(url))
  }, 60_000)

  it('halts while it runs when its topic is made anew and grows longer than before, all while none of it is fetched', async () => {
    await using running = await start({ lease: 6_000 })
    await openAccounts(running, 8, 3)
    await caughtUpAll(running, url)
    await using side = await ReadSide.open(url, app, kafka)
    const { topics } = side.installation.log
    await using holding = await Reader.open(url)
    await holding.rows(`BEGIN`)
    await holding.rows(`SELECT FROM reprise_read.checkpoints FOR UPDATE`)
    // Not in the transaction that holds: the server shows one what others did when it looked first.
    await using looking = await Reader.open(url)
    await openAccounts(running, 24, 1, 'more')
    // A lane that takes longer than a fifth of the lease is not fetched any more.
    await waitFor(async () => (await heldUp(looking, 2_000)) === 8, {
      what: 'every lane to be held up',
      deadline: 30_000,
    })

    await topics.delete([topic])
    await topics.create({ name: topic, partitions: 4 })
    await publishAnew(side)
    await publishAnew(side)
    await holding.rows('ROLLBACK')

    expect(await reasonOfHalt()).toMatch(/expected event .*, found event .*: the topic was made anew/)
  }, 120_000)

  it('halts at its start when records were deleted that it has not applied', async () => {
    {
      await using running = await start()
      await openAccounts(running, 8, 3)
      await caughtUpAll(running, url)
    }
    await using side = await ReadSide.open(url, app, kafka)
    const { topics } = side.installation.log
    await publishAnew(side)
    for (const { partition, end } of await topics.offsets(topic))
      await topics.deleteBefore(topic, partition, end)

    await using running = await start()
    expect(running.counters.applied).toBeDefined()

    expect(await reasonOfHalt()).toMatch(
      /expected offset \d+, found the next record at offset \d+: records were deleted before they were applied/,
    )
    expect(await shownBalances(url, `${app.name}.balances`)).toEqual(await foldedBalances(url))
  }, 60_000)

  it('halts while it runs when its topic is deleted and made anew, and nothing is in it', async () => {
    await using running = await start()
    await openAccounts(running, 8, 3)
    await caughtUpAll(running, url)
    await using side = await ReadSide.open(url, app, kafka)
    const { topics } = side.installation.log

    await topics.delete([topic])
    await topics.create({ name: topic, partitions: 4 })

    expect(await reasonOfHalt()).toMatch(/expected offset \d+, found the end of the partition at offset 0/)
  }, 60_000)

  it('halts while it runs when records are deleted that it has not applied', async () => {
    await using running = await start()
    await openAccounts(running, 1, 3)
    await caughtUpAll(running, url)
    await using side = await ReadSide.open(url, app, kafka)
    const { topics } = side.installation.log
    await using holding = await Reader.open(url)
    await holding.rows(`BEGIN`)
    await holding.rows(`SELECT FROM reprise_read.checkpoints FOR UPDATE`)

    await openAccounts(running, 8, 3, 'more')
    const published = async () =>
      (await topics.offsets(topic)).reduce((sum, { end }) => sum + end, 0n) === 36n
    await waitFor(published, { what: 'all to be published' })
    await openAccounts(running, 8, 3, 'most')
    for (const { partition, end } of await topics.offsets(topic))
      await topics.deleteBefore(topic, partition, end)
    await holding.rows('ROLLBACK')

    expect(await reasonOfHalt()).toMatch(
      /expected offset \d+, found the next record at offset \d+: records were/,
    )
  }, 60_000)

  it('halts while it runs when its topic gets more partitions, and at the next start', async () => {
    {
      await using running = await start()
      await openAccounts(running, 8, 1)
      await caughtUpAll(running, url)

      await withAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 6 }] }))

      expect(await reasonOfHalt()).toContain(
        'expected 4 partitions, as the checkpoints were made for, found 6',
      )
    }
    await expect(start()).rejects.toThrow('must be 6')
  }, 60_000)

  it('halts on another log than its checkpoints were made on', async () => {
    {
      await using running = await start()
      await openAccounts(running, 4, 1)
      await caughtUpAll(running, url)
    }
    const recorded = await ask(url, `SELECT DISTINCT log_identity AS log FROM reprise_read.generations`)
    expect(recorded).toEqual([{ log: expect.stringMatching(/^kafka:[\w-]{22}$/) as string }])
    await ask(url, `UPDATE reprise_read.generations SET log_identity = 'kafka:elsewhere'`)

    await using running = await start()
    expect(running.counters.applied).toBeDefined()

    expect(await reasonOfHalt()).toMatch(/expected the log kafka:elsewhere, .*found the log kafka:/)
  }, 60_000)

  it('goes on from its checkpoints when the offsets of its group are lost or set by a tool, and writes them again', async () => {
    const groupId = `${app.name}.balances.g1`
    const committed = () =>
      withAdmin(async (admin) => {
        const [found] = await admin.fetchOffsets({ groupId, topics: [topic] })
        return found?.partitions
          .sort((one, other) => one.partition - other.partition)
          .map(({ offset }) => Number(offset))
      })
    const checkpoints = async () => {
      const found = await ask<{ next: number }>(
        url,
        `SELECT next_offset::int AS next FROM reprise_read.checkpoints WHERE projection = 'balances' ORDER BY partition`,
      )
      return found.map(({ next }) => next)
    }
    {
      await using running = await start()
      await openAccounts(running, 12, 3)
      await caughtUpAll(running, url)
    }
    expect(await committed()).toEqual(await checkpoints())
    const harms = {
      deleted: () => withAdmin((admin) => admin.deleteGroups([groupId])),
      reset: () => withAdmin((admin) => admin.resetOffsets({ groupId, topic, earliest: true })),
      ahead: () =>
        withAdmin((admin) =>
          admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '9999' }] }),
        ),
    }
    for (const [harm, destroy] of Object.entries(harms)) {
      await destroy()
      const logger = new RecordingLogger()
      await using running = await start({ logger })
      await openAccounts(running, 6, 2, harm)
      await caughtUpAll(running, url)

      await waitFor(async () => String(await committed()) === String(await checkpoints()), {
        what: 'the offsets to be written again',
      })
      const warnings = logger
        .at('warn')
        .filter(({ message }) => message.startsWith('group offsets are missing'))
      expect(warnings.length, `warnings that offsets were ${harm}`).toBeGreaterThan(0)
    }
    expect(await shownBalances(url, `${app.name}.balances`)).toEqual(await foldedBalances(url))
  }, 90_000)
})
