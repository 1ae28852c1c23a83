import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type App,
  defineApp,
  long,
  Projection,
  Projects,
  Reprise,
  type Row,
  type StartOptions,
  string,
  TableProjection,
} from 'reprise'
import { Account, bank, Balances, DepositMoney, MoneyDeposited, OpenAccount } from '../support/bank.js'
import { becomes, componentOf, isWell } from '../support/component-health.js'
import { DatabaseProxy } from '../support/database-proxy.js'
import { openAccounts } from '../support/load.js'
import { ask, quietly, Reader, useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

const opened: (() => Promise<void>)[] = []
// Before their databases are dropped.
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

async function start(options: StartOptions = {}, databaseUrl = url): Promise<App> {
  const app = await Reprise.start(bank, quietly(databaseUrl, { stallAfter: 1_000, ...options }))
  opened.push(() => app.stop())
  return app
}

/** A way to the database that is open again when its app stops. */
async function proxied(): Promise<DatabaseProxy> {
  const proxy = await DatabaseProxy.before(url)
  opened.push(() => proxy.close())
  return proxy
}

describe('health', () => {
  it('is ok, ready and plain JSON while all goes well', async () => {
    const app = await start()
    await openAccounts(app, 5, 3)
    await becomes('everything to be projected', async () => (await app.health()).lag.total === 0)

    const report = await app.health()

    expect(report).toMatchObject({ status: 'ok', ready: true, phase: 'running' })
    expect(report.components.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'store ok',
      'read ok',
      'log ok',
      'commands ok',
      'outbox ok',
      'letters ok',
      'balances ok',
      'statements ok',
    ])
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
    expect(report.components.find(({ kind }) => kind === 'outbox')).toMatchObject({
      unpublished: 0,
      oldestAgeMs: null,
      slots: { held: 64, relays: 1 },
    })
  })

  it('counts what is not published and not applied, and how old the oldest is, where nobody does that', async () => {
    const api = await start({ roles: ['api'] })
    await openAccounts(api, 4, 2)

    const { status, lag } = await api.health()
    const outbox = await componentOf(api, 'outbox')

    // Nobody has ever fed the projections: how far they are is not known.
    expect(status).toBe('degraded')
    expect(lag).toEqual({ unpublished: 12, unapplied: null, total: null, letters: 0 })
    expect(outbox.oldestAgeMs).toBeGreaterThan(0)
    expect(outbox.slots).toEqual({ held: 0, relays: 0 })

    await becomes(
      'the outbox to stand still',
      async () => (await componentOf(api, 'outbox')).state === 'stalled',
    )
    // It executes commands as ever: that is what it is there for.
    expect(await api.health()).toMatchObject({ status: 'degraded', ready: true })

    const relay = await start({ roles: ['relay'] })
    await becomes('all to be published', async () => (await relay.health()).lag.unpublished === 0)
    expect((await relay.health()).lag.unpublished).toBe(0)
    await becomes('the outbox to be well', async () => (await componentOf(api, 'outbox')).state === 'ok')
  })

  it('tells work that stands still from work that gets on', async () => {
    const app = await start()
    const [account] = await openAccounts(app, 1, 1)
    await becomes('all to be projected', async () => (await app.health()).lag.total === 0)
    await using blocker = await Reader.open(url)
    await blocker.rows('BEGIN')
    await blocker.rows('SELECT FROM reprise_read.checkpoints FOR UPDATE')
    await app.execute(new DepositMoney({ accountId: account ?? '', amount: 1n }))

    await becomes('the projection to stand still', async () => {
      return (await componentOf(app, 'projection', 'balances')).state === 'stalled'
    })
    const { stalls, lag } = await componentOf(app, 'projection', 'balances')
    expect(stalls).toMatchObject([{ topic: 'bank.account', lag: 1 }])
    expect(lag).toBe(1)

    await blocker.rows('ROLLBACK')
    await becomes('it to go on', () => isWell(app))
  })

  it('shows what stopped a projection, in every process', async () => {
    const feeding = await start()
    const beside = await start({ roles: ['api'] })
    await openAccounts(feeding, 1, 1)
    await becomes('all to be projected', async () => (await feeding.health()).lag.total === 0)
    // Else it would find that it goes on, and say so.
    await feeding.stop()
    await ask(
      url,
      `UPDATE reprise_read.generations SET state = 'stopped', failure = 'division by zero' WHERE projection = 'balances'`,
    )

    const seen = await componentOf(beside, 'projection', 'balances')

    expect(seen).toMatchObject({ state: 'stopped', failure: 'division by zero', fedHere: false })
    expect((await beside.health()).status).toBe('degraded')
  })

  it('names letters that are parked, and lanes that wait with their reason', async () => {
    const app = await start({ roles: ['api'] })
    const feeding = await start({ roles: ['relay', 'projections'] })
    await openAccounts(app, 1, 1)
    await becomes('all to be projected', async () => (await feeding.health()).lag.total === 0)
    await feeding.stop()
    await ask(
      url,
      `INSERT INTO reprise_read.parked_events (projection, generation, topic, partition, record_offset, record_key, headers,
         record_timestamp, error_class, definition, attempts, first_failed_at, last_failed_at)
       VALUES ('balances', 1, 'bank.account', 0, 7, 'k', '{}', now(), 'contract', 'd', 1, now(), now())`,
    )
    await ask(
      url,
      `UPDATE reprise_read.checkpoints SET waiting = 'version 3 of account-7 is missing', waiting_since = now()
       WHERE projection = 'statements' AND partition = 0`,
    )

    await becomes('both to be seen', async () => (await app.health()).status === 'degraded')
    expect(await componentOf(app, 'projection', 'balances')).toMatchObject({ state: 'parked', parked: 1 })
    expect(await componentOf(app, 'projection', 'statements')).toMatchObject({
      state: 'waiting',
      waits: [{ topic: 'bank.account', partition: 0, reason: 'version 3 of account-7 is missing' }],
    })
  })
})

@Projection({
  name: 'turnover',
  version: 1,
  from: [Account],
  key: () => 'all',
  across: 'ordered',
})
class Turnover extends TableProjection({
  table: 'turnover',
  key: 'name',
  columns: { name: string(), total: long(0n) },
}) {
  @Projects(MoneyDeposited)
  deposited({ amount }: MoneyDeposited, row: Row<typeof Turnover>) {
    row.total += amount
  }
}

describe('health of an ordered projection', () => {
  it('counts the events it has not applied, and names the transaction that holds it up', async () => {
    const inOrder = defineApp({ ...bank, projections: [Turnover] })
    const app = await Reprise.start(inOrder, quietly(url, { stallAfter: 1_000 }))
    opened.push(() => app.stop())
    await openAccounts(app, 2, 1)
    await becomes('all to be projected', async () => (await app.health()).lag.total === 0)
    await using till = await Reader.open(url, 'a till')
    await till.rows('BEGIN')
    await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 1n }), { tx: till.client })
    await app.execute(new DepositMoney({ accountId: 'acc-1', amount: 1n }))

    await becomes('it to be held up', async () => {
      const { heldBy, state } = await componentOf(app, 'projection', 'turnover')
      return heldBy.length > 0 && state === 'stalled'
    })
    const { heldBy, lag, stalls } = await componentOf(app, 'projection', 'turnover')
    expect(heldBy).toMatchObject([{ application: 'a till' }])
    expect(heldBy[0]?.ageMs).toBeGreaterThan(1_000)
    expect(lag).toBe(1)
    expect(stalls).toMatchObject([{ topic: 'store:bank', partition: 0, lag: 1 }])

    await till.rows('COMMIT')
    await becomes('it to go on', async () => (await app.health()).lag.total === 0)
    expect((await componentOf(app, 'projection', 'turnover')).heldBy).toEqual([])
  })
})

describe('health while Postgres is away', () => {
  it.each(['shut', 'fallSilent', 'vanish'] as const)(
    'answers within two seconds what is down, since when and why, after %s; and is ok again by itself',
    async (outage) => {
      const proxy = await proxied()
      const app = await start({}, proxy.url)
      await openAccounts(app, 2, 1)
      expect((await app.health()).ready).toBe(true)

      const before = new Date()
      proxy[outage]()
      await becomes('it to be noticed', async () => {
        const asked = performance.now()
        const { status, ready } = await app.health()
        expect(performance.now() - asked).toBeLessThan(2_000)
        return status === 'down' && !ready && (await componentOf(app, 'store')).state === 'down'
      })
      const store = await componentOf(app, 'store')
      const outbox = await componentOf(app, 'outbox')
      expect(new Date(store.since).getTime()).toBeGreaterThanOrEqual(before.getTime())
      expect(store.lastError?.message).toMatch(/\w/)
      // It does not know, and says so.
      expect(outbox.unpublished).toBeNull()
      expect((await componentOf(app, 'projection', 'balances')).state).toBe('unknown')

      // A machine that comes back knows nothing of the connections it had.
      proxy.shut()
      proxy.reopen()
      await becomes('it to be well', () => isWell(app))
      const receipt = await app.execute(new OpenAccount({ accountId: 'after', owner: 'Ada' }))
      await app.projections.caughtUp(Balances, receipt, { timeout: '20s' })
    },
    60_000,
  )

  it('is noticed by commands alone, without anybody asking', async () => {
    const proxy = await proxied()
    const app = await start({}, proxy.url)
    const before = Date.now()
    proxy.shut()

    const failure = await app
      .execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
      .catch((it: unknown) => it)
    const failedAt = Date.now()

    expect(failure).toMatchObject({ retriable: true })
    const since = new Date((await componentOf(app, 'store')).since).getTime()
    proxy.reopen()
    expect(since).toBeGreaterThanOrEqual(before)
    expect(since).toBeLessThanOrEqual(failedAt)
  })
})

describe('many who ask for health', () => {
  it('get one answer, which costs the database one look', async () => {
    const app = await start()

    const reports = await Promise.all(Array.from({ length: 200 }, () => app.health()))

    expect(new Set(reports.map(({ at }) => at)).size).toBe(1)
    expect(
      await ask(
        url,
        `SELECT count(*)::int AS connections FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE '% health'`,
      ),
    ).toEqual([{ connections: 2 }])
  })
})
