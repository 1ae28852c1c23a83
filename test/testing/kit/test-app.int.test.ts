import { defineApp, defineContract, TimedOut } from 'reprise'
import { startTestApp } from 'reprise/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { Balances, bank, DepositMoney, MoneyDeposited, OpenAccount, Statements } from '../../support/bank.js'
import { club, FeePaid, Join, Member, PayFee } from '../../support/club.js'
import { partAddress } from '../../support/part-address.js'
import { ask } from '../../support/read-side.js'

let server: string
beforeAll(async () => {
  server = await partAddress('/postgres/18')
})

const open = (accountId: string) => new OpenAccount({ accountId, owner: 'Ada' })
const deposit = (accountId: string, amount: bigint) => new DepositMoney({ accountId, amount })

const databaseOf = (url: string) => new URL(url).pathname.slice(1)

const exists = async (url: string) =>
  (await ask(server, 'SELECT FROM pg_database WHERE datname = $1', [databaseOf(url)])).length > 0

describe('startTestApp', () => {
  it('runs the app on a database of its own, and waits for all projections', async () => {
    await using test = await startTestApp(bank, { server })
    const accounts = Array.from({ length: 20 }, (_, index) => String(index))

    await Promise.all(accounts.map((id) => test.execute(open(id))))
    await Promise.all(accounts.map((id) => test.execute(deposit(id, 5n))))
    await test.caughtUp()

    expect(await test.read(Balances).selectAll().execute()).toHaveLength(20)
    const lines = await test.read(Statements, 'statement_lines').selectAll().execute()
    expect(lines.map(({ amount }) => amount)).toEqual(accounts.map(() => 5n))
    expect(test).toMatchObject({ name: 'bank', brokers: undefined })
  })

  it('executes several commands as one, queries, and shows history and state', async () => {
    await using test = await startTestApp(club, { server })
    const join = (memberId: string) => new Join({ memberId, email: `${memberId}@example.com` })

    const receipt = await test.executeAll([join('1'), join('2')])
    await test.execute(new PayFee({ memberId: '1', amount: 5n }))

    expect(receipt.streams).toHaveLength(2)
    const history = await test.history(Member, '1', { afterVersion: 1 })
    expect(history.map(({ event }) => event)).toEqual([new FeePaid({ amount: 5n })])
    expect(await test.stateAt(Member, '1', { version: 1 })).toMatchObject({ state: { paid: 0n } })
  })

  it('answers queries with how far behind they are', async () => {
    await using test = await startTestApp(bank, { server })
    const since = await test.execute(open('576'))

    const balances = await test.query(Balances, (table) => table.selectAll(), { since, page: { size: 5 } })
    const lines = await test.query(Statements, 'statement_lines', (table) => table.selectAll())

    expect(balances.rows).toMatchObject([{ account_id: '576' }])
    expect(lines.rows).toEqual([])
  })

  it('keeps apps apart that run at the same time', async () => {
    await using one = await startTestApp(bank, { server })
    await using other = await startTestApp(bank, { server })

    await one.execute(open('576'))
    await Promise.all([one.caughtUp(), other.caughtUp()])

    expect(one.databaseUrl).not.toBe(other.databaseUrl)
    expect(await one.read(Balances).selectAll().execute()).toHaveLength(1)
    expect(await other.read(Balances).selectAll().execute()).toEqual([])
  })

  it('says which projection is behind, and by what, when the time is up', async () => {
    await using test = await startTestApp(bank, { server, roles: ['api', 'relay'] })
    await test.execute(open('576'))

    const error: unknown = await test.caughtUp({ timeout: '200ms' }).catch((reason: unknown) => reason)

    expect(error).toBeInstanceOf(TimedOut)
    expect((error as Error).message).toContain(
      'waited 200 ms for projection balances to apply version 1 of account-576, of which it has 0; ' +
        'projection statements to apply version 1 of account-576, of which it has 0',
    )
  })

  it('leaves nothing behind when it is stopped, which may be done twice', async () => {
    const test = await startTestApp(bank, { server })
    expect(await exists(test.databaseUrl)).toBe(true)

    await Promise.all([test.stop(), test.stop()])
    await test.stop()

    expect(await exists(test.databaseUrl)).toBe(false)
    await expect(test.execute(open('576'))).rejects.toThrow('the app is stopping')
  })

  it('refuses a service that only consumes, and says how to test it', async () => {
    const consumer = defineApp({
      name: 'reports',
      consumes: [defineContract({ name: 'account', topic: 'bank.account', events: [MoneyDeposited] })],
    })

    await expect(startTestApp(consumer, { server })).rejects.toThrow(
      'reports only consumes: test its projections with given(…) and givenInDatabase(…)',
    )
  })

  it('runs on an embedded server, where none is named', async () => {
    const named = process.env['TEST_DATABASE_URL']
    delete process.env['TEST_DATABASE_URL']
    try {
      await using test = await startTestApp(bank)
      await test.execute(open('576'))
      await test.caughtUp()
      expect(await test.read(Balances).selectAll().execute()).toHaveLength(1)
    } finally {
      if (named !== undefined) process.env['TEST_DATABASE_URL'] = named
    }
  })
})
