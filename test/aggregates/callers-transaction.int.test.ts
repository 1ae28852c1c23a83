import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AggregateNotFound, CommandRejected, InvalidValue, WrongExpectedVersion } from 'reprise'
import { StreamClosed } from '../../src/core/errors/index.js'
import type { CallersTransaction } from '../../src/core/ports/callers-transaction.js'
import { deposit, open, withdraw } from '../support/account-commands.js'
import { DepositMoney, OpenAccount, WithdrawMoney } from '../support/bank.js'
import { useDatabase } from '../support/database.js'
import { uniqueName } from '../support/kafka.js'
import { club, Join, Leave, Misbehave } from '../support/members.js'
import { countOf, eventsIn, expectSoundStore, waitingForLocks } from '../support/store-facts.js'
import { transfer } from '../support/transfers.js'
import { waitFor } from '../support/wait-for.js'
import { TRANSACTION_KINDS, within } from '../support/within-transaction.js'
import { useMigratedDatabase } from '../support/write-side.js'

const cases = ([18, 15] as const).flatMap((server) => TRANSACTION_KINDS.map((kind) => ({ server, kind })))

describe.each(cases)("execute within a caller's $kind on Postgres $server", ({ server, kind }) => {
  const database = useMigratedDatabase({ server })
  const elsewhere = useMigratedDatabase({ server })
  const nowhere = useDatabase({ server })
  const depositOf = (accountId: string, amount = 1n) => new DepositMoney({ accountId, amount })

  it('stores nothing that anyone sees before the transaction commits, and all of it then', async () => {
    const side = database.writeSide()
    const account = uniqueName('account')

    const receipts = await within(side.pool, kind, async ({ tx }) => {
      const opened = await side.bus.execute(new OpenAccount({ accountId: account, owner: 'Ada' }), { tx })
      const deposited = await side.bus.execute(depositOf(account, 7n), { tx })
      expect(await eventsIn(database.pool, account)).toEqual([])
      return [opened, deposited]
    })

    expect(receipts.map(({ version }) => version)).toEqual([1, 2])
    expect(await eventsIn(database.pool, account)).toHaveLength(2)
    await expectSoundStore(database.pool)
    expect((await withdraw(side, account, 7n)).version).toBe(3)
  })

  it('leaves no trace in the store or in memory when the transaction is rolled back', async () => {
    const side = database.writeSide()
    const account = uniqueName('account')
    const commandId = uniqueName('id')
    await open(side, account)

    const undone = within(side.pool, kind, async ({ tx }) => {
      await side.bus.execute(depositOf(account, 100n), { tx, commandId })
      throw new Error('the caller changed its mind')
    })
    await expect(undone).rejects.toThrow('changed its mind')

    await expect(withdraw(side, account, 1n)).rejects.toBeInstanceOf(CommandRejected)
    expect((await deposit(side, account, 100n, commandId)).version).toBe(2)
    expect(await eventsIn(database.pool, account)).toHaveLength(2)
  })

  it('decides on what the transaction sees, not on what is kept in memory', async () => {
    const side = database.writeSide()
    const account = uniqueName('account')
    await open(side, account)
    await deposit(side, account, 5n)

    await within(side.pool, kind, async ({ tx }) => {
      await side.bus.execute(new WithdrawMoney({ accountId: account, amount: 5n }), { tx })
      const second = side.bus.execute(new WithdrawMoney({ accountId: account, amount: 5n }), { tx })
      await expect(second).rejects.toBeInstanceOf(CommandRejected)
    })

    await expect(withdraw(side, account, 5n)).rejects.toBeInstanceOf(CommandRejected)
    expect(await eventsIn(database.pool, account)).toHaveLength(3)
  })

  it('leaves the transaction usable after a refusal', async () => {
    const side = database.writeSide()
    const account = uniqueName('account')
    await open(side, account)

    await within(side.pool, kind, async ({ tx, query }) => {
      const refused = side.bus.execute(new WithdrawMoney({ accountId: account, amount: 1n }), { tx })
      await expect(refused).rejects.toBeInstanceOf(CommandRejected)
      await expect(side.bus.execute(depositOf(uniqueName('nobody')), { tx })).rejects.toBeInstanceOf(
        AggregateNotFound,
      )
      await expect(side.bus.execute(depositOf(account), { tx, expect: 9 })).rejects.toBeInstanceOf(
        WrongExpectedVersion,
      )
      expect(await query('SELECT 1 AS one')).toEqual([{ one: 1 }])
      await side.bus.execute(depositOf(account), { tx })
    })

    expect(await eventsIn(database.pool, account)).toHaveLength(2)
  })

  it('answers a rival with a conflict, decides nothing again, and leaves the transaction usable', async () => {
    const side = database.writeSide()
    const account = uniqueName('account')
    await open(side, account)

    await within(side.pool, kind, async ({ tx, query }) => {
      const rival = await within(database.pool, 'pg client', async ({ tx: ahead }) => {
        await side.bus.execute(depositOf(account, 5n), { tx: ahead })
        const behind = side.bus.execute(depositOf(account, 7n), { tx })
        behind.catch(() => undefined)
        await waitFor(async () => (await waitingForLocks(side.pool)) === 1, { what: 'the second to wait' })
        return { behind }
      })
      await expect(rival.behind).rejects.toMatchObject({
        name: 'WrongExpectedVersion',
        expected: 1,
        actual: 2,
        retriable: true,
      })
      expect(await query('SELECT 1 AS one')).toEqual([{ one: 1 }])
      expect((await side.bus.execute(depositOf(account, 7n), { tx })).version).toBe(3)
    })

    expect(await eventsIn(database.pool, account)).toHaveLength(3)
    await expectSoundStore(database.pool)
  })

  it('does not wait in line behind commands that wait for the locks of the transaction', async () => {
    const side = database.writeSide()
    const account = uniqueName('account')
    await open(side, account)

    const { waiting } = await within(database.pool, kind, async ({ tx }) => {
      await side.bus.execute(depositOf(account), { tx })
      const waiting = deposit(side, account, 1n)
      await waitFor(async () => (await waitingForLocks(side.pool)) === 1, { what: 'the other to wait' })
      await side.bus.execute(depositOf(account), { tx })
      return { waiting }
    })

    expect((await waiting).version).toBe(4)
  })

  it('answers a command id that was accepted before with its first receipt', async () => {
    const side = database.writeSide()
    const account = uniqueName('account')
    const commandId = uniqueName('id')
    await open(side, account)
    const first = await deposit(side, account, 5n, commandId)
    await deposit(side, account, 5n)

    const [again, twice] = await within(side.pool, kind, async ({ tx }) => {
      const own = uniqueName('id')
      const options = { tx, commandId: own }
      const receipts = [
        await side.bus.execute(depositOf(account, 2n), options),
        await side.bus.execute(depositOf(account, 2n), options),
      ]
      return [await side.bus.execute(depositOf(account, 5n), { tx, commandId }), receipts] as const
    })

    expect(again).toEqual(first)
    expect(twice[0]).toEqual(twice[1])
    expect(await eventsIn(database.pool, account)).toHaveLength(4)
  })

  it('refuses a transaction on another database before it reads there, and leaves that usable', async () => {
    const side = database.writeSide()
    const account = uniqueName('account')
    await open(side, account)
    const withoutStore = new pg.Pool({ connectionString: nowhere.url })
    onTestFinished(() => withoutStore.end())

    for (const pool of [elsewhere.pool, withoutStore]) {
      await within(pool, kind, async ({ tx, query }) => {
        for (const options of [{ tx }, { tx, commandId: uniqueName('id') }]) {
          const failure: unknown = await side.bus
            .execute(depositOf(account), options)
            .catch((error: unknown) => error)
          expect(failure).toBeInstanceOf(InvalidValue)
          expect(String(failure)).toContain('tx must be on the database of the event store')
          expect(await query('SELECT 1 AS one')).toHaveLength(1)
        }
      })
    }
  })

  it('refuses what is no transaction, also for a command that the domain would refuse', async () => {
    const side = database.writeSide()
    const nobody = uniqueName('nobody')

    for (const tx of [side.pool, {}, 'a transaction', null]) {
      const failure: unknown = await side.bus
        .execute(depositOf(nobody), { tx: tx as CallersTransaction })
        .catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(InvalidValue)
      expect(String(failure)).toContain('after its BEGIN')
    }
  })

  it('executes several commands as one, or none of them', async () => {
    const side = database.writeSide()
    const [from, to] = [uniqueName('from'), uniqueName('to')]
    for (const account of [from, to]) await open(side, account)
    await deposit(side, from, 5n)

    const receipt = await within(side.pool, kind, async ({ tx }) => {
      await expect(transfer(side, from, to, 6n, { tx })).rejects.toBeInstanceOf(CommandRejected)
      return transfer(side, from, to, 5n, { tx })
    })

    expect(receipt.streams.map(({ version }) => version)).toEqual([3, 2])
    await expectSoundStore(database.pool)
  })

  it('tells a closed stream from one that refuses', async () => {
    const side = database.writeSide({ app: club })
    const memberId = uniqueName('member')
    await side.bus.execute(new Join({ memberId, email: `${memberId}@example.org` }))

    await within(side.pool, kind, async ({ tx }) => {
      await side.bus.execute(new Leave({ memberId }), { tx })
      const late = side.bus.execute(new Misbehave({ memberId }), { tx })
      await expect(late).rejects.toBeInstanceOf(StreamClosed)
    })
    await expect(side.bus.execute(new Misbehave({ memberId }))).rejects.toBeInstanceOf(StreamClosed)
  })

  it('announces nothing, since nothing is there before the commit', async () => {
    let announced = 0
    const side = database.writeSide({ options: { onAppended: () => (announced += 1) } })
    const account = uniqueName('account')
    await open(side, account)
    expect(announced).toBe(1)

    await within(side.pool, kind, ({ tx }) => side.bus.execute(depositOf(account), { tx }))

    expect(announced).toBe(1)
    expect(side.bus.appended).toBe(1)
    expect(await countOf(database.pool, 'events', `stream_id = '${account}'`)).toBe(2)
  })
})
