import { describe, expect, it } from 'vitest'
import {
  Aggregate,
  AggregateRoot,
  Applies,
  Command,
  CommandRejected,
  defineApp,
  DomainEvent,
  type GroupReceipt,
  Handles,
  long,
  Reprise,
  string,
  WrongExpectedVersion,
} from 'reprise'
import { Account, Balances, bank, DepositMoney, OpenAccount, WithdrawMoney } from '../support/bank.js'
import { openAccounts } from '../support/load.js'
import { foldedBalances, quietly, Reader, shownBalances, useFreshDatabases } from '../support/read-side.js'

class Counted extends DomainEvent('Counted', { by: long() }) {}
class Count extends Command('Count', { id: string(), by: long() })('id') {}

@Aggregate({ name: 'counter', events: [Counted] })
class Counter extends AggregateRoot<Counted> {
  @Handles(Count, { expect: 'any' })
  count({ by }: Count) {
    this.emit(new Counted({ by }))
  }

  @Applies(Counted)
  counted() {}
}

/** The balances do not read the counters. */
const definition = defineApp({ ...bank, aggregates: [Account, Counter] })
const freshDatabase = useFreshDatabases()

describe('executeAll', () => {
  it('stores all or nothing, and its receipt can be waited for, also in another process', async () => {
    const url = await freshDatabase()
    await using app = await Reprise.start(definition, quietly(url))
    await using elsewhere = await Reprise.start(definition, quietly(url, { roles: ['relay'] }))
    await openAccounts(app, 2, 3)

    const receipt = await app.executeAll([
      new WithdrawMoney({ accountId: 'acc-0', amount: 4n }),
      new Count({ id: 'transfers', by: 1n }),
      new DepositMoney({ accountId: 'acc-1', amount: 4n }),
    ])
    const sent = JSON.parse(JSON.stringify(receipt)) as GroupReceipt
    await elsewhere.projections.caughtUp(Balances, sent, { timeout: '20s' })

    expect(receipt.streams).toEqual([
      { stream: 'account-acc-0', version: 5 },
      { stream: 'counter-transfers', version: 1 },
      { stream: 'account-acc-1', version: 5 },
    ])
    expect(await shownBalances(url)).toEqual({ 'acc-0': '2', 'acc-1': '10' })

    const refused = app.executeAll([
      new Count({ id: 'transfers', by: 1n }),
      new WithdrawMoney({ accountId: 'acc-0', amount: 3n }),
    ])
    await expect(refused).rejects.toBeInstanceOf(CommandRejected)
    expect(await app.history(Counter, 'transfers')).toHaveLength(1)
  })

  it('holds only while streams that were read are as expected', async () => {
    await using app = await Reprise.start(definition, quietly(await freshDatabase()))
    await openAccounts(app, 1, 1)
    const stream = { type: 'account', id: 'acc-0' }

    const count = new Count({ id: 'a', by: 1n })
    await app.executeAll([count], { expect: [{ stream, version: 2 }] })
    const late = app.executeAll([count], { expect: [{ stream, version: 1 }] })

    await expect(late).rejects.toBeInstanceOf(WrongExpectedVersion)
    expect(await app.history(Counter, 'a')).toHaveLength(1)
  })
})

describe('caughtUp', () => {
  it('does not wait for a stream that the projection does not read', async () => {
    await using app = await Reprise.start(definition, quietly(await freshDatabase()))
    const receipt = await app.execute(new Count({ id: 'a', by: 1n }))

    await app.projections.caughtUp(Balances, receipt, { timeout: '20s' })
  })

  it('takes one time-out for all streams of a group', async () => {
    const url = await freshDatabase()
    await (await Reprise.start(definition, quietly(url))).stop()
    await using app = await Reprise.start(definition, quietly(url, { roles: ['api'] }))
    const receipt = await app.executeAll(
      Array.from({ length: 5 }, (_, n) => new OpenAccount({ accountId: String(n), owner: 'Ada' })),
    )

    const began = performance.now()
    await expect(app.projections.caughtUp(Balances, receipt, { timeout: '300ms' })).rejects.toMatchObject({
      code: 'REPRISE_TIMED_OUT',
    })
    expect(performance.now() - began).toBeLessThan(1_000)
  })
})

describe('execute', () => {
  it("in a caller's transaction is stored and projected with what else is in it", async () => {
    const url = await freshDatabase()
    await using app = await Reprise.start(definition, quietly(url))
    await using caller = await Reader.open(url)
    await caller.client.query('CREATE TABLE orders (id text)')
    const inTransaction = async (accountId: string, end: 'COMMIT' | 'ROLLBACK') => {
      await caller.client.query('BEGIN')
      await caller.client.query('INSERT INTO orders VALUES ($1)', [accountId])
      const receipt = await app.execute(new OpenAccount({ accountId, owner: 'Ada' }), { tx: caller.client })
      await caller.client.query(end)
      return receipt
    }

    await inTransaction('undone', 'ROLLBACK')
    const receipt = await inTransaction('kept', 'COMMIT')
    await app.projections.caughtUp(Balances, receipt, { timeout: '20s' })

    expect(await caller.rows('SELECT id FROM orders')).toEqual([{ id: 'kept' }])
    expect(await shownBalances(url)).toEqual({ kept: '0' })
    expect(await foldedBalances(url)).toEqual({ kept: '0' })
  })
})
