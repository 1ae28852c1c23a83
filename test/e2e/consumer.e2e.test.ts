import { beforeEach, expect, it } from 'vitest'
import {
  type AppDefinition,
  ConfigurationError,
  type ConsumingApp,
  defineApp,
  InvalidValue,
  ProjectionStopped,
  RebuildRefused,
  Reprise,
  type StartOptions,
  TimedOut,
  TopicMissing,
} from 'reprise'
import { modelOf } from '../../src/app/app-model.js'
import { joinReadSide, type ReadSide } from '../../src/app/read-side.js'
import { settingsFor } from '../../src/app/settings.js'
import { projectionStatus } from '../../src/projections/projection-status.js'
import { rebuild, type RebuildOptions, type RebuildResult } from '../../src/projections/rebuild.js'
import { bank, DepositMoney, OpenAccount } from '../support/bank.js'
import { ordersService, turnoverService } from '../support/consumers.js'
import { describeKafka, uniqueName } from '../support/kafka.js'
import { ask, useFreshDatabases } from '../support/read-side.js'
import { RecordingLogger } from '../support/recording-logger.js'
import { cloudEvent, onKafka, SharedTopic } from '../support/shared-topic.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()

let url = ''
let options: StartOptions = {}
beforeEach(async () => {
  url = await freshDatabase({ migrated: false })
  options = await onKafka(url)
})

async function withReadSide<T>(service: AppDefinition, work: (side: ReadSide) => Promise<T>): Promise<T> {
  const side = await joinReadSide(modelOf(service), settingsFor(service, options))
  try {
    return await work(side)
  } finally {
    await side.close()
  }
}

const partsIn = (side: ReadSide, service: AppDefinition) => {
  const [projection] = modelOf(service).projections
  if (projection === undefined) throw new Error('the service has no projection')
  return side.partsOf(projection)
}

const statusOf = (service: AppDefinition) =>
  withReadSide(service, (side) => projectionStatus(partsIn(side, service)))

const rebuilt = (service: AppDefinition, how: RebuildOptions = {}): Promise<RebuildResult> =>
  withReadSide(service, (side) => rebuild(partsIn(side, service), how))

async function turnoverShown(): Promise<Record<string, string>> {
  const rows = await ask<{ id: string; turnover: string }>(
    url,
    'SELECT account_id AS id, turnover::text FROM fraud.turnover ORDER BY 1',
  )
  return Object.fromEntries(rows.map((row) => [row.id, row.turnover]))
}

async function soldShown(): Promise<Record<string, number>> {
  const rows = await ask<{ article: string; pieces: number }>(
    url,
    'SELECT article, pieces FROM stock.sold ORDER BY 1',
  )
  return Object.fromEntries(rows.map((row) => [row.article, row.pieces]))
}

const shown = (what: string, expected: object, show: () => Promise<object>): Promise<unknown> =>
  waitFor(async () => JSON.stringify(await show()) === JSON.stringify(expected), { what, deadline: 30_000 })

describeKafka('a service that only consumes', () => {
  it('refuses to start where a topic is missing, and creates none, whatever provision says', async () => {
    const topic = uniqueName('nobodys')
    const { service } = turnoverService(topic)

    for (const provision of [true, false]) {
      const failure = Reprise.start(service, { ...options, provision })
      await expect(failure).rejects.toBeInstanceOf(TopicMissing)
      await expect(failure).rejects.toThrow(`topic ${topic} does not exist: its producer creates it`)
    }

    const other = await SharedTopic.create()
    expect((await other.log.topics.describe([topic])).size).toBe(0)
  })

  it('has read models in a database of its own and no store, and offers no commands', async () => {
    const topic = await SharedTopic.create()
    const { service, Turnover } = turnoverService(topic.name)
    await topic.publish([1, 2, 3].map((version) => ({ id: 'a', version })))
    await using app = await Reprise.start(service, options)

    await app.projections.caughtUp(
      Turnover,
      { stream: 'account-a', version: 3, commandId: 'c' },
      { timeout: '30s' },
    )

    expect(await app.read(Turnover).selectAll().execute()).toEqual([
      { account_id: 'a', turnover: 1110n, events: 3 },
    ])
    const receipt = { stream: 'account-a', version: 3, commandId: 'c' }
    const { rows, asOf } = await app.query(Turnover, (all) => all.select('turnover'), { since: receipt })
    expect(rows).toEqual([{ turnover: 1110n }])
    expect(asOf).toMatchObject({ behind: 0, upToDate: true })
    expect('execute' in app || 'history' in app).toBe(false)
    expect(app.counters).toEqual({ applied: { turnover: 3 } })
    expect(app.surroundings).toMatchObject({ log: topic.log.identity, roles: ['projections'] })
    const schemas = await ask<{ name: string }>(
      url,
      `SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema|public)' ORDER BY 1`,
    )
    expect(schemas.map(({ name }) => name)).toEqual(['fraud', 'fraud_turnover_g1', 'reprise_read'])
  })

  it('takes no receipt for a stream that nobody numbers, and does not wait for what it does not read', async () => {
    const topic = await SharedTopic.create()
    const { service, Sold } = ordersService('offsets', { topic: topic.name })
    await using app = await Reprise.start(service, options)

    const receipt = { stream: 'order-lamp', version: 1, commandId: 'c' }
    await expect(app.projections.caughtUp(Sold, receipt)).rejects.toBeInstanceOf(InvalidValue)
    await expect(app.projections.caughtUp(Sold, receipt)).rejects.toThrow(
      'whose producer does not number events',
    )
    await app.projections.caughtUp(Sold, { ...receipt, stream: 'account-1' })
  })

  it('waits at a gap, shows and alarms it, keeps a rebuild from it, and goes on once it is published', async () => {
    const topic = await SharedTopic.create(1)
    const { service, Turnover } = turnoverService(topic.name)
    const logger = new RecordingLogger()
    await topic.publish([1, 3, 4].map((version) => ({ id: 'a', version })))
    await using app = await Reprise.start(service, { ...options, logger })

    await waitFor(() => logger.at('error').length > 0, { what: 'the alarm', deadline: 30_000 })
    const status = await waitFor(
      async () => {
        const now = await statusOf(service)
        return now.state === 'waiting' && now
      },
      { what: 'the state' },
    )
    expect(status).toMatchObject({
      lag: 2n,
      waiting: [{ partition: 0, reason: 'expected version 2 of account-a, found version 3 at offset 1' }],
    })
    const late = app.projections.caughtUp(
      Turnover,
      { stream: 'account-a', version: 4, commandId: 'c' },
      { timeout: 1 },
    )
    await expect(late).rejects.toBeInstanceOf(TimedOut)

    const failure = rebuilt(service)
    await expect(failure).rejects.toBeInstanceOf(ProjectionStopped)
    await expect(failure).rejects.toThrow('lacks versions of a stream: expected version 2 of account-a')

    await topic.publish([
      { id: 'a', version: 5 },
      { id: 'a', version: 2 },
    ])
    await shown('the turnover', { a: '111110' }, turnoverShown)
    expect(await statusOf(service)).toMatchObject({ state: 'ready', waiting: [], lag: 0n })
    expect(await rebuilt(service)).toMatchObject({ generation: 2, source: 'log' })
    await shown('the turnover, rebuilt', { a: '111110' }, turnoverShown)
  }, 120_000)

  it('is rebuilt from the topic alone, and not at all once that has lost records', async () => {
    const topic = await SharedTopic.create()
    const { service } = turnoverService(topic.name)
    await topic.publish(['a', 'b', 'c'].flatMap((id) => [1, 2].map((version) => ({ id, version }))))
    await using app: ConsumingApp = await Reprise.start(service, options)
    await shown('the turnover', { a: '110', b: '110', c: '110' }, turnoverShown)
    await ask(url, `UPDATE fraud_turnover_g1.turnover SET turnover = 0 WHERE account_id = 'b'`)

    await expect(rebuilt(service, { from: 'store' })).rejects.toThrow(
      'this service has no store: rebuild from the log',
    )
    expect(await rebuilt(service)).toMatchObject({ generation: 2, source: 'log', events: 6 })
    expect(await turnoverShown()).toEqual({ a: '110', b: '110', c: '110' })

    for (const partition of [0, 1]) await topic.log.topics.deleteBefore(topic.name, partition, 1n)
    const refused = rebuilt(service)
    await expect(refused).rejects.toBeInstanceOf(RebuildRefused)
    await expect(refused).rejects.toThrow('its producer has to make the topic anew before')
    expect(app.counters.applied['turnover']).toBeGreaterThanOrEqual(6)
  }, 90_000)

  it('refuses a topic that has more partitions than it was built with, until it is rebuilt', async () => {
    const topic = await SharedTopic.create(2)
    const { service } = turnoverService(topic.name)
    const ids = Array.from({ length: 12 }, (_, index) => `acc-${index}`)
    const expected = Object.fromEntries([...ids].sort().map((id) => [id, '110']))
    await topic.publish(ids.map((id) => ({ id, version: 1 })))
    await using first = await Reprise.start(service, options)
    await shown(
      'the first events',
      Object.fromEntries([...ids].sort().map((id) => [id, '10'])),
      turnoverShown,
    )
    await first.stop()
    await topic.setPartitions(5)
    await waitFor(
      async () => (await topic.log.topics.describe([topic.name])).get(topic.name)?.partitions === 5,
      {
        what: 'the partitions',
      },
    )
    await topic.publish(ids.map((id) => ({ id, version: 2 })))

    const failure = Reprise.start(service, options)
    await expect(failure).rejects.toBeInstanceOf(ConfigurationError)
    await expect(failure).rejects.toThrow('run reprise projection rebuild turnover')

    expect(await rebuilt(service)).toMatchObject({ generation: 2, events: 24 })
    await using again = await Reprise.start(service, options)
    await shown('all events', expected, turnoverShown)
    expect(again.surroundings.roles).toEqual(['projections'])
  }, 90_000)

  it('reads CloudEvents of a foreign producer, and knows by their ids what comes twice', async () => {
    const topic = await SharedTopic.create(3)
    const { service } = ordersService({ eventIds: 3_600_000 }, { topic: topic.name })
    await using app = await Reprise.start(service, options)
    const articles = ['lamp', 'chair', 'table', 'shelf']
    const orders = articles.flatMap((article, at) =>
      [1, 2, 3].map((pieces) => cloudEvent(`${at}-${pieces}`, article, { pieces })),
    )
    await topic.send(orders)
    // Again, and into other partitions than before.
    await topic.send(orders.map((order, index) => ({ ...order, partition: index % 3 })))
    await topic.send([cloudEvent('back', 'lamp', { pieces: 2 }, 'OrderReturned')])

    await shown('the orders', { chair: 6, lamp: 4, shelf: 6, table: 6 }, soldShown)
    await waitFor(async () => (await statusOf(service)).lag === 0n, { what: 'the end of the topic' })
    expect(await soldShown()).toEqual({ chair: 6, lamp: 4, shelf: 6, table: 6 })
    expect(await rebuilt(service)).toMatchObject({ generation: 2, source: 'log', events: 25 })
    expect(await soldShown()).toEqual({ chair: 6, lamp: 4, shelf: 6, table: 6 })
    expect(app.counters.applied['sold']).toBe(13)
  }, 90_000)

  it('reads a topic that its producer writes in transactions, to the end', async () => {
    const topic = await SharedTopic.create(1)
    const { service } = ordersService('offsets', { topic: topic.name })
    await topic.transact([cloudEvent('1', 'lamp', { pieces: 1 })], 'commit')
    await topic.transact([cloudEvent('2', 'lamp', { pieces: 10 })], 'abort')
    await topic.transact(
      [cloudEvent('3', 'lamp', { pieces: 100 }), cloudEvent('4', 'chair', { pieces: 1 })],
      'commit',
    )
    await using app = await Reprise.start(service, options)

    await shown('what was committed', { chair: 1, lamp: 101 }, soldShown)
    await waitFor(async () => (await statusOf(service)).lag === 0n, { what: 'the end of the topic' })
    expect(await rebuilt(service)).toMatchObject({ generation: 2, source: 'log' })
    await topic.transact([cloudEvent('5', 'chair', { pieces: 5 })], 'commit')
    await shown('what was committed later', { chair: 6, lamp: 101 }, soldShown)
    expect(app.counters.applied['sold']).toBeGreaterThanOrEqual(3)
  }, 60_000)

  it('shares no database and prefix with another app', async () => {
    const name = uniqueName('bank').replaceAll('-', '_')
    const producer = defineApp({ ...bank, name, projections: [] })
    const { service } = turnoverService(`${name}.account`)
    {
      await using app = await Reprise.start(producer, options)
      await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
      await app.execute(new DepositMoney({ accountId: '1', amount: 5n }))
      await waitFor(() => app.counters.published === 2, { what: 'the records' })
    }

    await expect(Reprise.start(service, options)).rejects.toThrow(
      `leads to the read side of the app ${name}, and this one is fraud`,
    )
    await using own = await Reprise.start(service, { ...options, schemaPrefix: 'fraud_own' })
    await shown('the turnover', { '1': '5' }, turnoverShown)
    expect(own.counters.applied).toEqual({ turnover: 2 })
  }, 60_000)
})
