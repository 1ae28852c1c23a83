import { describe, expect, it } from 'vitest'
import { CommandIdReused } from 'reprise'
import { deposit, open, touch, withdraw } from '../support/account-commands.js'
import { DepositMoney } from '../support/bank.js'
import { inTurn } from '../support/in-turn.js'
import { uniqueName } from '../support/kafka.js'
import { countOf, eventsIn, expectSoundStore } from '../support/store-facts.js'
import { useMigratedDatabase } from '../support/write-side.js'

describe.each([18, 15] as const)('command ids on Postgres %i', (server) => {
  const database = useMigratedDatabase({ server })

  it('answers a retry with the first outcome and appends nothing', async () => {
    const side = database.writeSide()
    const account = uniqueName('retry')
    const id = uniqueName('id')
    await open(side, account)

    const first = await deposit(side, account, 5n, id)
    await deposit(side, account, 7n)
    const again = await deposit(side, account, 5n, id)

    expect(again).toEqual(first)
    expect(await eventsIn(database.pool, account)).toHaveLength(3)
  })

  it('answers concurrent retries through several processes alike, storing one of them', async () => {
    const sides = [database.writeSide(), database.writeSide(), database.writeSide()]
    const account = uniqueName('storm')
    await open(inTurn(sides, 0), account)
    const ids = Array.from({ length: 8 }, () => uniqueName('id'))

    const receipts = await Promise.all(
      ids.flatMap((id) => Array.from({ length: 9 }, (_, n) => deposit(inTurn(sides, n), account, 3n, id))),
    )

    expect(new Set(receipts.map(({ commandId, version }) => `${commandId} ${version}`)).size).toBe(8)
    expect(await eventsIn(database.pool, account)).toHaveLength(9)
    await expectSoundStore(database.pool)
  })

  it('opens a stream once for one id that comes through several processes at the same time', async () => {
    const sides = Array.from({ length: 6 }, () => database.writeSide())
    const account = uniqueName('open')
    const id = uniqueName('id')

    const receipts = await Promise.all(sides.map((side) => open(side, account, id)))

    expect(receipts).toEqual(Array(6).fill(receipts[0]))
    expect(await eventsIn(database.pool, account)).toHaveLength(1)
  })

  it('records an accepted command without events, and answers its retries', async () => {
    const sides = [database.writeSide(), database.writeSide()]
    const account = uniqueName('touch')
    const id = uniqueName('id')
    await open(inTurn(sides, 0), account)
    const receipts = await Promise.all([0, 1, 0, 1].map((index) => touch(inTurn(sides, index), account, id)))
    await deposit(inTurn(sides, 0), account, 1n)
    const later = await touch(database.writeSide(), account, id)

    expect([...receipts, later]).toEqual(
      Array(5).fill({ stream: `account-${account}`, version: 1, commandId: id }),
    )
    expect(await countOf(database.pool, 'command_results', `command_id = '${id}'`)).toBe(1)
    expect(await eventsIn(database.pool, account)).toHaveLength(2)
  })

  it('answers a retry after a restart, even where the command would be refused by now', async () => {
    const account = uniqueName('restart')
    const id = uniqueName('id')
    const before = database.writeSide()
    await open(before, account)
    await deposit(before, account, 10n)
    const first = await withdraw(before, account, 10n, id)

    const again = await withdraw(database.writeSide(), account, 10n, id)

    expect(again).toEqual(first)
    expect(await eventsIn(database.pool, account)).toHaveLength(3)
  })

  it('answers a retry whose own expectation the first execution has made untrue', async () => {
    const side = database.writeSide()
    const account = uniqueName('expected')
    const id = uniqueName('id')
    await open(side, account)
    const command = new DepositMoney({ accountId: account, amount: 1n })

    const first = await side.bus.execute(command, { commandId: id, expect: 1 })
    const again = await side.bus.execute(command, { commandId: id, expect: 1 })

    expect(again).toEqual(first)
  })

  it.each(['the same stream', 'another stream'])(
    'refuses an id that was used for another command on %s',
    async (where) => {
      const side = database.writeSide()
      const account = uniqueName('reused')
      const other = where === 'the same stream' ? account : uniqueName('other')
      const id = uniqueName('id')
      await open(side, account)
      if (other !== account) await open(side, other)
      await deposit(side, account, 5n, id)

      await expect(deposit(side, other, 6n, id)).rejects.toBeInstanceOf(CommandIdReused)
      await expect(touch(database.writeSide(), other, id)).rejects.toBeInstanceOf(CommandIdReused)
      expect(await eventsIn(database.pool, other)).toHaveLength(other === account ? 2 : 1)
    },
  )

  it('accepts one of two commands that come with one id on two streams at the same time', async () => {
    const sides = [database.writeSide(), database.writeSide()]
    const accounts = [uniqueName('left'), uniqueName('right')]
    for (const account of accounts) await open(inTurn(sides, 0), account)

    for (let round = 0; round < 10; round++) {
      const id = uniqueName('id')
      const outcomes = await Promise.allSettled(
        accounts.map((account, index) => deposit(inTurn(sides, index), account, 1n, id)),
      )
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      const lost = outcomes.find((outcome) => outcome.status === 'rejected')
      expect(lost?.reason).toBeInstanceOf(CommandIdReused)
    }
    await expectSoundStore(database.pool)
  })
})
