import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { type App, type ComponentHealth, Reprise, RepriseError } from 'reprise'
import { bank, Balances, DepositMoney } from '../support/bank.js'
import { describeKafka, uniqueName } from '../support/kafka.js'
import { openAccounts } from '../support/load.js'
import { type ProxiedBroker, startProxiedBroker } from '../support/proxied-broker.js'
import { foldedBalances, quietly, shownBalances, useFreshDatabases } from '../support/read-side.js'
import { isWell } from '../support/component-health.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
let broker: ProxiedBroker
const stops: (() => Promise<unknown>)[] = []
beforeEach(async () => {
  url = await freshDatabase()
})
// Before their databases are dropped.
afterEach(async () => {
  broker.proxy.reopen()
  for (const stop of stops.splice(0)) await stop()
})

async function start(roles: 'all' | readonly ('relay' | 'projections')[] = 'all'): Promise<App> {
  const kafka = { brokers: [broker.proxied] }
  const app = await Reprise.start(named, quietly(url, { log: 'kafka', kafka, roles, lease: 6_000 }))
  stops.push(() => app.stop())
  return app
}

const named = { ...bank, name: uniqueName('outage').replaceAll('-', '_') }

const statesOf = (components: readonly ComponentHealth[]): Record<string, string> =>
  Object.fromEntries(components.map(({ name, state }) => [name, state]))

describeKafka('an app whose Kafka is away', () => {
  beforeAll(async () => {
    broker = await startProxiedBroker()
  }, 120_000)
  afterAll(() => broker.stop())

  it('takes commands, says what is down, keeps what it cannot publish, and catches up by itself', async () => {
    const app = await start()
    const worker = await start(['relay', 'projections'])
    const [account = ''] = await openAccounts(app, 3, 2)
    await waitFor(async () => (await app.health()).lag.total === 0, {
      what: 'all to be projected',
      deadline: 30_000,
    })

    broker.proxy.shut()
    for (let n = 0; n < 20; n++) await app.execute(new DepositMoney({ accountId: account, amount: 1n }))

    const told = await waitFor(
      async () => {
        const report = await app.health()
        return statesOf(report.components)['log'] === 'down' && report
      },
      { what: 'it to be noticed', deadline: 30_000 },
    )
    expect(told).toMatchObject({ status: 'degraded', ready: true })
    expect(told.lag).toEqual({ unpublished: 20, unapplied: null, total: null, letters: 0 })
    expect(statesOf(told.components)).toMatchObject({ store: 'ok', read: 'ok', balances: 'unknown' })
    expect(told.components.find(({ kind }) => kind === 'log')?.lastError?.message).toMatch(/\w/)
    // It is there for nothing else.
    await waitFor(async () => !(await worker.health()).ready, { what: 'the worker to be of no use' })
    expect(await worker.health()).toMatchObject({ status: 'down', ready: false })

    broker.proxy.reopen()
    const last = await app.execute(new DepositMoney({ accountId: account, amount: 1n }))
    await app.projections.caughtUp(Balances, last, { timeout: '60s' }).catch((error: unknown) => {
      if (!RepriseError.is(error) || !error.retriable) throw error
    })
    await waitFor(async () => (await isWell(app).then(() => app.health())).lag.total === 0, {
      what: 'it to be well and level',
      deadline: 60_000,
    })
    await waitFor(async () => (await worker.health()).ready, {
      what: 'the worker to be of use again',
      deadline: 60_000,
    })
    expect(await shownBalances(url, `${named.name}.balances`)).toEqual(await foldedBalances(url))
  }, 180_000)
})
