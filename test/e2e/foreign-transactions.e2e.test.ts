import { beforeEach, expect, it } from 'vitest'
import { type HealthReport, defineApp, Reprise, type App, type StartOptions } from 'reprise'
import { Balances, bank, DepositMoney, OpenAccount, Statements } from '../support/bank.js'
import { turnoverService } from '../support/consumers.js'
import { lettersIn } from '../support/hand-fed.js'
import { describeKafka, uniqueName } from '../support/kafka.js'
import { ask, rebuildOf, useFreshDatabases } from '../support/read-side.js'
import { RecordingLogger } from '../support/recording-logger.js'
import { onKafka, SharedTopic } from '../support/shared-topic.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()

let url = ''
let options: StartOptions = {}
let logger = new RecordingLogger()
beforeEach(async () => {
  url = await freshDatabase({ migrated: false })
  logger = new RecordingLogger()
  options = await onKafka(url, { logger, stallAfter: 1_000 })
})

/** A bank of its own, and its one topic, which others can write to. */
async function openBank() {
  const name = uniqueName('bank').replaceAll('-', '_')
  const topic = await SharedTopic.create(4, `${name}.account`)
  return { topic, definition: defineApp({ ...bank, name }) }
}

/** Both projections are with the account where its deposit of this amount is. */
async function deposit(app: App, amount: bigint): Promise<void> {
  const receipt = await app.execute(new DepositMoney({ accountId: '1', amount }))
  for (const projection of [Balances, Statements])
    await app.projections.caughtUp(projection, receipt, { timeout: '30s' })
}

const parked = () => Promise.all(['balances', 'statements'].map((projection) => lettersIn(url, projection)))

const hostile = { key: '1', value: 'nothing of ours' }

describeKafka('transactions of a foreign producer on an own topic', () => {
  it('stop nothing: what they commit is parked, and every own event is applied once, also after a restart', async () => {
    const { topic, definition } = await openBank()
    {
      await using app = await Reprise.start(definition, options)
      await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
      await deposit(app, 1n)
      await topic.transact([hostile], 'commit')
      await deposit(app, 10n)
      await topic.transact([hostile, hostile], 'abort')
      await deposit(app, 100n)
    }
    await topic.transact([hostile], 'abort')
    await topic.transact([hostile], 'commit')
    {
      await using app = await Reprise.start(definition, options)
      await waitFor(async () => (await parked()).every((letters) => letters.length === 2), {
        what: 'the record that was committed meanwhile',
        deadline: 30_000,
      })
      expect(app.counters.applied).toEqual({ balances: 0, statements: 0 })
    }
    // The place of the lane is now behind the end of a transaction.
    await using app = await Reprise.start(definition, options)
    await deposit(app, 1_000n)

    const lines = await app.read(Statements, 'statement_lines').select('amount').orderBy('version').execute()
    expect(lines.map(({ amount }) => amount)).toEqual([1n, 10n, 100n, 1_000n])
    expect(await app.read(Balances).select('balance').execute()).toEqual([{ balance: 1_111n }])
    for (const letters of await parked())
      expect(letters).toMatchObject([{ class: 'contract' }, { class: 'contract' }])
  }, 120_000)
})

/** Where the lanes of a projection are, and how often each was taken. */
const lanesOf = (projection: string): Promise<readonly { next: bigint; epoch: number }[]> =>
  ask(
    url,
    `SELECT c.next_offset::int AS next, c.epoch::int FROM reprise_read.checkpoints c
     JOIN reprise_read.projections p ON p.name = c.projection AND p.live_generation = c.generation
     WHERE c.projection = $1 ORDER BY c.partition`,
    [projection],
  )

const takings = async (projection: string) => (await lanesOf(projection)).map(({ epoch }) => epoch)

const endsOf = async ({ name, log }: SharedTopic) =>
  (await log.topics.offsets(name)).map(({ end }) => Number(end))

/** The brokers end a transaction a moment after they have said so. */
const ending = (topic: SharedTopic, ends: readonly number[]) =>
  waitFor(async () => (await endsOf(topic)).join() === ends.join(), {
    what: `${topic.name} to end at ${ends.join()}`,
  })

/** What no reader is given, for each partition one. */
const lostIn = (partitions: number) =>
  Array.from({ length: partitions }, (_, partition) => ({ partition, key: '1', value: 'never committed' }))

/** Ends each partition with a record that was aborted, and the end of its transaction. */
async function abortAtEnd(topic: SharedTopic): Promise<void> {
  const ends = await endsOf(topic)
  await topic.transact(lostIn(ends.length), 'abort')
  await ending(
    topic,
    ends.map((end) => end + 2),
  )
}

/** What health says once the lanes of these projections are where their topic ends. */
async function level(
  app: { health(): Promise<HealthReport> },
  topic: SharedTopic,
  ...projections: readonly string[]
): Promise<HealthReport> {
  const ends = (await endsOf(topic)).join()
  for (const projection of projections) {
    const isThere = async () => (await lanesOf(projection)).map(({ next }) => next).join() === ends
    await waitFor(isThere, { what: `${projection} to be at ${ends}`, deadline: 20_000 })
  }
  return app.health()
}

const appliedUpTo = (version: number) => ({ stream: 'account-a', version, commandId: 'c' })

const troubles = () => logger.at('warn').map(({ message }) => message)

describeKafka('a transaction of a foreign producer that is aborted at the end of a topic', () => {
  it('of the app leaves nothing to do: not for its lanes, nor for a rebuild, nor after a restart', async () => {
    const { topic, definition } = await openBank()
    {
      await using app = await Reprise.start(definition, options)
      await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
      await deposit(app, 1n)
      const before = await takings('balances')
      await abortAtEnd(topic)

      expect(await level(app, topic, 'balances', 'statements')).toMatchObject({
        status: 'ok',
        ready: true,
        lag: { total: 0 },
      })
      expect(await takings('balances')).toEqual(before)
      expect(await rebuildOf(url, 'statements', { app: definition, start: options })).toMatchObject({
        source: 'log',
        generation: 2,
      })
      await deposit(app, 10n)
    }
    await abortAtEnd(topic)
    {
      await using app = await Reprise.start(definition, options)
      expect(await level(app, topic, 'balances', 'statements')).toMatchObject({ lag: { total: 0 } })
    }
    await topic.transact([hostile], 'commit')
    await using app = await Reprise.start(definition, options)
    await deposit(app, 100n)

    const lines = await app.read(Statements, 'statement_lines').select('amount').orderBy('version').execute()
    expect(lines.map(({ amount }) => amount)).toEqual([1n, 10n, 100n])
    expect(await app.read(Balances).select('balance').execute()).toEqual([{ balance: 111n }])
    expect(await parked()).toMatchObject([[{ class: 'contract' }], [{ class: 'contract' }]])
    expect(await level(app, topic, 'balances', 'statements')).toMatchObject({ lag: { total: 0 } })
    expect(troubles().filter((message) => /group was left|does not hold/.test(message))).toEqual([])
  }, 120_000)

  it('of a contract leaves nothing to do, and what comes behind it is applied once', async () => {
    const topic = await SharedTopic.create(1)
    const { service, Turnover } = turnoverService(topic.name)
    await topic.publish([1, 2].map((version) => ({ id: 'a', version })))
    await using app = await Reprise.start(service, options)
    await app.projections.caughtUp(Turnover, appliedUpTo(2), { timeout: '30s' })
    const before = await takings('turnover')
    await abortAtEnd(topic)

    expect(await level(app, topic, 'turnover')).toMatchObject({
      status: 'ok',
      ready: true,
      lag: { total: 0 },
    })
    const { asOf } = await app.query(Turnover, (all) => all.selectAll())
    expect(asOf).toMatchObject({ behind: 0, upToDate: true })
    await topic.publish([{ id: 'a', version: 3 }])
    await app.projections.caughtUp(Turnover, appliedUpTo(3), { timeout: '30s' })
    await level(app, topic, 'turnover')

    expect(await app.read(Turnover).selectAll().execute()).toEqual([
      { account_id: 'a', turnover: 1110n, events: 3 },
    ])
    expect(await takings('turnover')).toEqual(before)
  }, 60_000)

  it('is passed by as far as no other transaction is open, whose records are applied once it is committed', async () => {
    const topic = await SharedTopic.create(1)
    const { service, Turnover } = turnoverService(topic.name)
    await topic.publish([{ id: 'a', version: 1 }])
    await using app = await Reprise.start(service, options)
    await app.projections.caughtUp(Turnover, appliedUpTo(1), { timeout: '30s' })
    const lost = await topic.begin(lostIn(1))
    const kept = await topic.begin(topic.numbered([{ id: 'a', version: 2 }]))
    await lost.abort()
    await ending(topic, [2])
    await level(app, topic, 'turnover')

    await kept.commit()
    await app.projections.caughtUp(Turnover, appliedUpTo(2), { timeout: '30s' })

    expect(await app.read(Turnover).selectAll().execute()).toEqual([
      { account_id: 'a', turnover: 110n, events: 2 },
    ])
    await ending(topic, [5])
    expect(await level(app, topic, 'turnover')).toMatchObject({ status: 'ok', lag: { total: 0 } })
  }, 60_000)
})
