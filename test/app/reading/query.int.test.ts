import { sql } from 'kysely'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  type App,
  type AsOf,
  DefinitionError,
  EventParked,
  InvalidValue,
  ProjectionStopped,
  Reprise,
  type StartOptions,
  TimedOut,
} from 'reprise'
import { Balances, bank, DepositMoney, OpenAccount, Statements } from '../../support/bank.js'
import { bankWith } from '../../support/bank-variants.js'
import { ask, quietly, useFreshDatabases } from '../../support/read-side.js'
import { Things } from '../../support/things.js'
import { waitFor } from '../../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

const start = (more: StartOptions = {}, app = bank): Promise<App> => Reprise.start(app, quietly(url, more))

const open = (app: App, accountId: string) => app.execute(new OpenAccount({ accountId, owner: 'Ada' }))

describe('a query since a receipt', () => {
  it('finds what the command did', async () => {
    await using app = await start()
    await open(app, '1')
    for (let amount = 1n; amount <= 20n; amount++) {
      const since = await app.execute(new DepositMoney({ accountId: '1', amount }))
      const { rows } = await app.query(Balances, (balances) => balances.select('balance'), {
        since,
        timeout: '20s',
      })
      expect(rows).toEqual([{ balance: (amount * (amount + 1n)) / 2n }])
    }
  })

  it('finds what several commands did, one by one and as a group', async () => {
    await using app = await start()
    const opened = [await open(app, '1'), await open(app, '2'), await open(app, '3')]
    const group = await app.executeAll([
      new DepositMoney({ accountId: '1', amount: 1n }),
      new DepositMoney({ accountId: '2', amount: 2n }),
    ])
    const travelled = JSON.parse(JSON.stringify([...opened, group])) as typeof opened

    const { rows } = await app.query(
      Balances,
      (balances) => balances.select(['account_id', 'balance']).orderBy('account_id'),
      { since: travelled, timeout: '20s' },
    )

    expect(rows).toEqual([
      { account_id: '1', balance: 1n },
      { account_id: '2', balance: 2n },
      { account_id: '3', balance: 0n },
    ])
  })

  it('waits no longer than it may, over all receipts together', async () => {
    await (await start()).stop()
    await using app = await start({ roles: ['api', 'relay'] })
    const since = [await open(app, '1'), await open(app, '2'), await open(app, '3')]
    const began = performance.now()

    const answer = app.query(Balances, (balances) => balances.selectAll(), { since, timeout: 150 })

    await expect(answer).rejects.toBeInstanceOf(TimedOut)
    expect(performance.now() - began).toBeLessThan(400)
  })

  it('is rejected at once where what it waits for is parked', async () => {
    const failing = bankWith(({ amount }) => {
      if (amount === 666n) throw new TypeError('planted at 666')
    })
    const FailingBalances = failing.projections[0] as typeof Balances
    await using app = await start({}, failing)
    const opened = await open(app, '1')
    const since = await app.execute(new DepositMoney({ accountId: '1', amount: 666n }))
    const query = (receipt: typeof since) =>
      app.query(FailingBalances, (balances) => balances.selectAll(), { since: receipt, timeout: '10m' })

    await expect(query(since)).rejects.toBeInstanceOf(EventParked)
    await expect(query(opened)).resolves.toMatchObject({ rows: [{ account_id: '1', balance: 0n }] })
  })

  it('is rejected at once where the projection has stopped before', async () => {
    const opened = await (async () => {
      await using before = await start()
      const receipt = await open(before, '1')
      await before.projections.caughtUp(Balances, receipt)
      return receipt
    })()
    // As after a topic that was made anew: another event is where the last one was.
    await ask(url, `UPDATE reprise_read.checkpoints SET last_event_id = 'another' WHERE next_offset > 0`)
    await using app = await start()
    const since = await app.execute(new DepositMoney({ accountId: '1', amount: 5n }))
    await waitFor(
      async () => (await ask(url, `SELECT FROM reprise_read.generations WHERE state = 'stopped'`)).length > 0,
      { what: 'the projection to stop' },
    )
    const query = (receipt: typeof since) =>
      app.query(Balances, (balances) => balances.selectAll(), { since: receipt, timeout: '10m' })

    await expect(query(since)).rejects.toBeInstanceOf(ProjectionStopped)
    await expect(query(opened)).resolves.toMatchObject({ rows: [{ account_id: '1', balance: 0n }] })
  })

  it.each([
    ['a text', 'account-1'],
    ['nothing', null],
    ['a receipt without a version', { stream: 'account-1' }],
    ['a group with something else in it', { streams: [{ stream: 1, version: 1 }] }],
    ['a list with something else in it', [{ stream: 'account-1', version: 1 }, 7]],
  ])('is refused for what is no receipt: %s', async (_what, since) => {
    await using app = await start()

    const answer = app.query(Balances, (balances) => balances.selectAll(), { since: since as never })

    await expect(answer).rejects.toBeInstanceOf(InvalidValue)
  })
})

describe('a query', () => {
  it('may be any select, typed by what it selects', async () => {
    await using app = await start()
    await open(app, '1')
    const since = await app.execute(new DepositMoney({ accountId: '1', amount: 5n }))

    const joined = await app.query(
      Balances,
      (balances) =>
        balances
          .innerJoin('balances as same', 'same.account_id', 'balances.account_id')
          .select(['balances.account_id', 'same.balance as twin'])
          .orderBy('same.balance', 'desc')
          .limit(1),
      { since, timeout: '20s' },
    )
    const summed = await app.query(Balances, (balances) =>
      balances.select(({ fn }) => [
        fn.sum<string>('balance').as('total'),
        fn.countAll<bigint>().as('accounts'),
      ]),
    )
    const lines = await app.query(
      Statements,
      'statement_lines',
      (it) => it.selectAll().orderBy('version', 'desc').limit(3),
      { since, timeout: '20s' },
    )

    const twins: bigint[] = joined.rows.map(({ twin }) => twin)
    const totals: string[] = summed.rows.map(({ total }) => total)
    const amounts: bigint[] = lines.rows.map(({ amount }) => amount)
    const asOf: AsOf = lines.asOf
    const next: string | undefined = joined.next
    expect([twins, totals, amounts]).toEqual([[5n], ['5'], [5n]])
    expect([asOf.upToDate, next]).toEqual([true, undefined])
  })

  it('does not compile with what there is not', async () => {
    await using app = await start()
    const refused = [
      // @ts-expect-error -- no such column
      app.query(Balances, (balances) => balances.select('overdraft')),
      // @ts-expect-error -- no such column to order by
      app.query(Balances, (balances) => balances.selectAll(), { page: { orderBy: 'overdraft' } }),
      // @ts-expect-error -- no such table
      app.query(Statements, 'lines', () => app.read(Statements, 'lines' as 'statement_lines').selectAll()),
      // @ts-expect-error -- a SQL projection says which of its tables
      app.query(Statements, () => app.read(Balances).selectAll()),
      // @ts-expect-error -- pages are of table projections
      app.query(Statements, 'statement_lines', (lines) => lines.selectAll(), { page: { size: 10 } }),
    ]

    for (const outcome of await Promise.allSettled(refused)) expect(outcome.status).toBe('rejected')
  })

  it('is refused for a projection of another app, and for what is no query', async () => {
    await using app = await start()

    await expect(app.query(Things, (things) => things.selectAll())).rejects.toBeInstanceOf(DefinitionError)
    expect(() => app.read(Things)).toThrow(DefinitionError)
    expect(() => app.read(Things)).toThrow('Things is not a projection of this app')
    await expect(app.query(Balances, undefined as never)).rejects.toBeInstanceOf(InvalidValue)
    await expect(app.query(Balances, (() => 7) as never)).rejects.toBeInstanceOf(InvalidValue)
  })

  it('gives its connection back, whatever comes of it', async () => {
    await using app = await start({ poolSize: 3 })
    const since = await open(app, '1')
    const broken = () => app.query(Balances, (balances) => balances.select(sql<number>`1 / 0`.as('never')))
    const whole = (page: object) =>
      app.query(Balances, (balances) => balances.selectAll(), { since, timeout: '20s', ...page })

    const outcomes = await Promise.allSettled(
      Array.from({ length: 30 }, (_, n) => (n % 3 === 0 ? broken() : whole(n % 3 === 1 ? {} : { page: {} }))),
    )

    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(20)
    await expect(whole({})).resolves.toMatchObject({ rows: [{ account_id: '1' }] })
  })
})
