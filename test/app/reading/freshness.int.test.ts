import { sql } from 'kysely'
import { beforeEach, describe, expect, it } from 'vitest'
import { type App, Reprise, type StartOptions } from 'reprise'
import { Balances, bank, DepositMoney, OpenAccount, Statements } from '../../support/bank.js'
import { caughtUpAll } from '../../support/bank-facts.js'
import { openAccounts } from '../../support/load.js'
import { Journal, meetingBank } from '../../support/meeting-rows.js'
import { ask, quietly, Reader, useFreshDatabases } from '../../support/read-side.js'
import { waitFor } from '../../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let store = ''
let read = ''

const start = (more: StartOptions = {}, app = bank): Promise<App> =>
  Reprise.start(app, quietly(store, { ...(read === store ? {} : { readDatabaseUrl: read }), ...more }))

/** The time of the store's database, which acknowledgements are measured by. */
async function storeTime(): Promise<Date> {
  const [row] = await ask<{ time: Date }>(store, 'SELECT clock_timestamp() AS time')
  return row?.time ?? new Date(NaN)
}

const balancesOf = (app: App) => app.query(Balances, (balances) => balances.selectAll())

describe.each([
  ['one database', 'together'],
  ['a database for each side', 'apart'],
])('how far behind an answer is, with %s', (_what, sides) => {
  beforeEach(async () => {
    store = await freshDatabase()
    read = sides === 'apart' ? await freshDatabase() : store
  })

  it('is nothing once all is applied: as of just before the query', async () => {
    await using app = await start()
    await openAccounts(app, 3, 2)
    await caughtUpAll(app, store)

    const before = await storeTime()
    const { rows, asOf } = await balancesOf(app)
    const after = await storeTime()

    expect(rows).toHaveLength(3)
    expect(asOf).toMatchObject({ behind: 0, upToDate: true })
    expect(asOf.time.getTime()).toBeGreaterThanOrEqual(before.getTime())
    expect(asOf.time.getTime()).toBeLessThanOrEqual(after.getTime())
  })

  it('counts what is committed and in no topic yet, and is as of before that', async () => {
    await (await start()).stop()
    await using app = await start({ roles: ['api'] })
    await openAccounts(app, 2, 2)
    const committed = await ask<{ first: Date }>(
      store,
      `SELECT recorded_at AS first FROM reprise_store.outbox o JOIN reprise_store.events e ON e.position = o.event_position
       ORDER BY o.id LIMIT 1`,
    )

    const { rows, asOf } = await balancesOf(app)

    expect(rows).toEqual([])
    expect(asOf).toMatchObject({ behind: 6, upToDate: false })
    expect(asOf.time.getTime()).toBe((committed[0]?.first.getTime() ?? 0) - 1)
  })

  it('counts what is in a topic and not applied, and is as of the last event that was', async () => {
    await using feeding = await start()
    await openAccounts(feeding, 1, 2)
    await caughtUpAll(feeding, store)
    await feeding.stop()
    const [last] = await ask<{ at: Date }>(store, 'SELECT max(recorded_at) AS at FROM reprise_store.events')

    await using app = await start({ roles: ['api', 'relay'] })
    for (const amount of [1n, 2n]) await app.execute(new DepositMoney({ accountId: 'acc-0', amount }))
    await waitFor(async () => (await ask(store, 'SELECT FROM reprise_store.outbox')).length === 0, {
      what: 'the events to be published',
    })
    const { rows, asOf } = await balancesOf(app)

    expect(rows).toMatchObject([{ account_id: 'acc-0', balance: 3n }])
    expect(asOf).toMatchObject({ behind: 2, upToDate: false })
    expect(asOf.time.getTime()).toBe((last?.at.getTime() ?? 0) - 1)
  })

  it('remembers when it last saw a lane with nothing to apply', async () => {
    await using app = await start({ roles: ['api', 'relay'] })
    await (await start()).stop()
    const before = await storeTime()
    await balancesOf(app)

    await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
    await waitFor(async () => (await ask(store, 'SELECT FROM reprise_store.outbox')).length === 0, {
      what: 'the event to be published',
    })
    const committed = await storeTime()
    const { asOf } = await balancesOf(app)

    expect(asOf).toMatchObject({ behind: 1, upToDate: false })
    expect(asOf.time.getTime()).toBeGreaterThanOrEqual(before.getTime())
    expect(asOf.time.getTime()).toBeLessThan(committed.getTime())
  })

  it('is from the beginning on where nothing is known to be applied', async () => {
    await (await start()).stop()
    await using app = await start({ roles: ['api', 'relay'] })
    await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
    await waitFor(async () => (await ask(store, 'SELECT FROM reprise_store.outbox')).length === 0, {
      what: 'the event to be published',
    })

    expect((await balancesOf(app)).asOf).toEqual({
      time: new Date(0),
      behind: 1,
      parked: 0,
      upToDate: false,
      stopped: false,
    })
  })

  it('is looked up before the query takes its snapshot', async () => {
    await using app = await start()
    await openAccounts(app, 1, 1)
    await caughtUpAll(app, store)
    await using gatekeeper = await Reader.open(read)
    await gatekeeper.rows('SELECT pg_advisory_lock(4711)')

    const answer = app.query(Balances, (balances) =>
      balances.where(sql<boolean>`(SELECT pg_advisory_xact_lock_shared(4711) IS NOT NULL)`).select('balance'),
    )
    await waitFor(
      async () =>
        (await ask(read, `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`)).length > 0,
      { what: 'the query to have its snapshot and wait' },
    )
    const receipt = await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 100n }))
    const acknowledged = await storeTime()
    await app.projections.caughtUp(Balances, receipt)
    await gatekeeper.rows('SELECT pg_advisory_unlock(4711)')
    const { rows, asOf } = await answer

    expect(rows).toEqual([{ balance: 1n }])
    expect(asOf.time.getTime()).toBeLessThan(acknowledged.getTime())
  })

  it('never claims more than the rows hold while events are appended', async () => {
    await using app = await start()
    const accounts = await openAccounts(app, 8, 0)
    const acknowledged = new Map<string, number[]>(accounts.map((accountId) => [accountId, []]))
    let ended = false
    const depositing = accounts.map(async (accountId) => {
      await using clock = await Reader.open(store)
      for (let n = 0; n < 60; n++) {
        await app.execute(new DepositMoney({ accountId, amount: 1n }))
        const { time } = await clock.one<{ time: Date }>('SELECT clock_timestamp() AS time')
        acknowledged.get(accountId)?.push(time.getTime())
      }
    })
    const answers: Awaited<ReturnType<typeof balancesOf>>[] = []
    const querying = [0, 1].map(async () => {
      while (!ended) answers.push(await balancesOf(app))
    })
    await Promise.all(depositing)
    ended = true
    await Promise.all(querying)

    expect(answers.length).toBeGreaterThan(20)
    for (const { rows, asOf } of answers) {
      const balances = new Map(rows.map(({ account_id, balance }) => [account_id, Number(balance)]))
      for (const [accountId, times] of acknowledged) {
        const covered = times.filter((time) => time < asOf.time.getTime()).length
        expect(balances.get(accountId) ?? 0).toBeGreaterThanOrEqual(covered)
      }
    }
    // It is no use either to claim nothing.
    const last = answers.at(-1)?.asOf.time.getTime() ?? 0
    expect(last).toBeGreaterThan(Math.min(...[...acknowledged.values()].map(([first]) => first ?? 0)))
  })

  it('is told of a SQL projection too', async () => {
    await using app = await start()
    const receipt = await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
    const deposited = await app.execute(new DepositMoney({ accountId: '1', amount: 5n }))

    const { rows, asOf } = await app.query(
      Statements,
      'statement_lines',
      (lines) => lines.select(['account_id', 'amount']),
      { since: [receipt, deposited], timeout: '20s' },
    )

    expect(rows).toEqual([{ account_id: '1', amount: 5n }])
    expect(asOf).toMatchObject({ behind: 0, upToDate: true })
  })
})

describe('how far behind an answer is', () => {
  beforeEach(async () => {
    store = await freshDatabase()
    read = store
  })

  it('counts the events after the one lane of an ordered projection', async () => {
    await (await start({}, meetingBank)).stop()
    await using app = await start({ roles: ['api'] }, meetingBank)
    await openAccounts(app, 1, 2)
    const [first] = await ask<{ at: Date }>(store, 'SELECT min(recorded_at) AS at FROM reprise_store.events')

    const behind = await app.query(Journal, (journal) => journal.selectAll())
    await using feeding = await start({ roles: ['projections'] }, meetingBank)
    await feeding.projections.caughtUp(Journal, { stream: 'account-acc-0', version: 3, commandId: '' })
    const level = await app.query(Journal, (journal) => journal.selectAll())

    expect(behind.asOf).toMatchObject({ behind: 3, upToDate: false })
    expect(behind.asOf.time.getTime()).toBe((first?.at.getTime() ?? 0) - 1)
    expect(level.asOf).toMatchObject({ behind: 0, upToDate: true, stopped: false })
  })

  it('is never nothing where the one lane of an ordered projection has stopped', async () => {
    await using app = await start({}, meetingBank)
    const [, receipt] = [
      await openAccounts(app, 1, 0),
      { stream: 'account-acc-0', version: 1, commandId: '' },
    ]
    await app.projections.caughtUp(Journal, receipt)
    await ask(store, `UPDATE reprise_read.generations SET state = 'stopped' WHERE projection = 'journal'`)
    await using reader = await start({ roles: ['api'] }, meetingBank)

    const { asOf } = await reader.query(Journal, (journal) => journal.selectAll())

    expect(asOf).toMatchObject({ behind: 0, upToDate: false, stopped: true })
  })

  it('says how many events are parked, and is not up to date while there are any', async () => {
    await using app = await start()
    await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
    // The third is more than a balance can hold, and the last one comes behind it.
    const most = 2n ** 63n - 1n
    for (const amount of [most, 1n]) await app.execute(new DepositMoney({ accountId: '1', amount }))
    const last = await app.execute(new DepositMoney({ accountId: '1', amount: 1n }))
    await waitFor(
      async () =>
        (await ask(read, 'SELECT FROM reprise_read.parked_events WHERE version <= $1', [last.version]))
          .length === 2,
      { what: 'the event and what comes behind it to be parked', deadline: 20_000 },
    )

    const { asOf } = await app.query(Balances, (balances) => balances.selectAll())

    expect(asOf).toMatchObject({ behind: 0, parked: 2, upToDate: false, stopped: false })
  })

  it('is as of the last event applied where the projection has stopped, and says that it has', async () => {
    {
      await using before = await start()
      const opened = await before.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
      await before.projections.caughtUp(Balances, opened)
    }
    // As after a topic that was made anew: another event is where the last one was.
    await ask(store, `UPDATE reprise_read.checkpoints SET last_event_id = 'another' WHERE next_offset > 0`)
    await using app = await start()
    const receipt = await app.execute(new DepositMoney({ accountId: '1', amount: 666n }))
    await expect(
      app.query(Balances, (balances) => balances.selectAll(), { since: receipt, timeout: '20s' }),
    ).rejects.toMatchObject({ code: 'REPRISE_PROJECTION_STOPPED' })
    await waitFor(
      async () =>
        (await ask(store, `SELECT FROM reprise_read.generations WHERE state = 'stopped'`)).length > 0,
      { what: 'the stop to be noted' },
    )
    const [first] = await ask<{ at: Date }>(store, 'SELECT min(recorded_at) AS at FROM reprise_store.events')

    const { rows, asOf } = await app.query(Balances, (balances) => balances.selectAll())

    expect(rows).toMatchObject([{ balance: 0n }])
    // The other lanes are empty: they hold nothing back.
    expect(asOf).toEqual({
      time: new Date((first?.at.getTime() ?? 0) - 1),
      behind: 1,
      parked: 0,
      upToDate: false,
      stopped: true,
    })
  })
})
