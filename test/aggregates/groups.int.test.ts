import { v7 as uuidv7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { AggregateNotFound, CommandIdReused, CommandRejected, WrongExpectedVersion } from 'reprise'
import { deposit, open, withdraw } from '../support/account-commands.js'
import { DepositMoney, OpenAccount, WithdrawMoney } from '../support/bank.js'
import { inTurn } from '../support/in-turn.js'
import { uniqueName } from '../support/kafka.js'
import { countOf, eventsIn, expectSoundStore } from '../support/store-facts.js'
import { transfer } from '../support/transfers.js'
import { useMigratedDatabase, type WriteSide } from '../support/write-side.js'

describe.each([18, 15] as const)('executeAll on Postgres %i', (server) => {
  const database = useMigratedDatabase({ server })

  const openWith = async (side: WriteSide, balance: bigint) => {
    const account = uniqueName('account')
    await open(side, account)
    await deposit(side, account, balance)
    return account
  }

  describe('all or nothing', () => {
    it('stores the events of all commands under one id, and answers every stream in their order', async () => {
      const side = database.writeSide()
      const [from, to] = [await openWith(side, 10n), await openWith(side, 1n)]

      const receipt = await transfer(side, from, to, 4n, { commandId: `id ${from}`, actor: 'grace' })

      expect(receipt).toEqual({
        streams: [
          { stream: `account-${from}`, version: 3 },
          { stream: `account-${to}`, version: 3 },
        ],
        commandId: `id ${from}`,
      })
      const own = { commandId: `id ${from}`, correlationId: `id ${from}`, causationId: `id ${from}` }
      for (const account of [from, to])
        expect((await eventsIn(database.pool, account))[2]?.metadata).toEqual({ ...own, actor: 'grace' })
      expect(await countOf(database.pool, 'command_results', `command_id = 'id ${from}'`)).toBe(1)
      expect(side.bus.appended).toBe(6)
      await expectSoundStore(database.pool)
    })

    it('keeps what one id decided for the next commands, as it was stored', async () => {
      const side = database.writeSide()
      const [from, to] = [await openWith(side, 10n), await openWith(side, 0n + 1n)]

      await transfer(side, from, to, 10n)

      await expect(withdraw(side, from, 1n)).rejects.toBeInstanceOf(CommandRejected)
      expect((await withdraw(side, to, 11n)).version).toBe(4)
    })

    it('stores nothing when one command is refused, and throws what that one threw', async () => {
      const side = database.writeSide()
      const [from, to] = [await openWith(side, 10n), await openWith(side, 1n)]

      await expect(transfer(side, from, to, 11n)).rejects.toThrow('the balance does not cover it')
      await expect(transfer(side, to, uniqueName('nobody'), 1n)).rejects.toBeInstanceOf(AggregateNotFound)

      for (const account of [from, to]) expect(await eventsIn(database.pool, account)).toHaveLength(2)
      expect((await withdraw(side, to, 1n)).version).toBe(3)
    })

    it('throws the refusal of the first command that is refused', async () => {
      const side = database.writeSide()
      const [poor, rich] = [await openWith(side, 1n), await openWith(side, 9n)]

      const executing = side.bus.executeAll([
        new WithdrawMoney({ accountId: rich, amount: 9n }),
        new DepositMoney({ accountId: uniqueName('nobody'), amount: 1n }),
        new WithdrawMoney({ accountId: poor, amount: 2n }),
      ])

      await expect(executing).rejects.toBeInstanceOf(AggregateNotFound)
    })

    it('may open some streams and move others on', async () => {
      const side = database.writeSide()
      const [from, to] = [await openWith(side, 10n), uniqueName('new')]

      const receipt = await side.bus.executeAll([
        new OpenAccount({ accountId: to, owner: 'Ada' }),
        new WithdrawMoney({ accountId: from, amount: 4n }),
      ])

      expect(receipt.streams.map(({ version }) => version)).toEqual([1, 3])
    })

    it('is a command of its own when it is one command alone', async () => {
      const side = database.writeSide()
      const account = await openWith(side, 10n)
      const command = new WithdrawMoney({ accountId: account, amount: 4n })

      const receipt = await side.bus.executeAll([command])
      const again = await side.bus.execute(command, { commandId: receipt.commandId })

      expect(again).toEqual({ stream: `account-${account}`, version: 3, commandId: receipt.commandId })
    })
  })

  describe('a retry', () => {
    it('answers the first receipt, here and after a restart, even where the commands would be refused by now', async () => {
      const side = database.writeSide()
      const [from, to] = [await openWith(side, 10n), await openWith(side, 1n)]
      const commandId = uniqueName('id')

      const first = await transfer(side, from, to, 10n, { commandId })
      await deposit(side, to, 5n)
      const again = await transfer(side, from, to, 10n, { commandId })
      const later = await transfer(database.writeSide(), from, to, 10n, { commandId })

      expect([again, later]).toEqual([first, first])
      expect(await eventsIn(database.pool, from)).toHaveLength(3)
    })

    it.each([
      [
        'in another order',
        (side: WriteSide, a: string, b: string, id: string) =>
          side.bus.executeAll(
            [new DepositMoney({ accountId: b, amount: 2n }), new WithdrawMoney({ accountId: a, amount: 2n })],
            { commandId: id },
          ),
      ],
      [
        'with another amount',
        (side: WriteSide, a: string, b: string, id: string) => transfer(side, a, b, 3n, { commandId: id }),
      ],
      [
        'of one of its commands',
        (side: WriteSide, a: string, _: string, id: string) => withdraw(side, a, 2n, id),
      ],
    ])('%s is another command', async (_, retry) => {
      const side = database.writeSide()
      const [from, to] = [await openWith(side, 10n), await openWith(side, 1n)]
      const commandId = uniqueName('id')
      await transfer(side, from, to, 2n, { commandId })

      await expect(retry(side, from, to, commandId)).rejects.toBeInstanceOf(CommandIdReused)
      await expect(retry(database.writeSide(), from, to, commandId)).rejects.toBeInstanceOf(CommandIdReused)
      expect(await eventsIn(database.pool, from)).toHaveLength(3)
    })

    it('through several processes at the same time is stored once', async () => {
      const sides = Array.from({ length: 4 }, () => database.writeSide())
      const [from, to] = [await openWith(inTurn(sides, 0), 10n), await openWith(inTurn(sides, 0), 1n)]
      const commandId = uniqueName('id')

      const receipts = await Promise.all(sides.map((side) => transfer(side, from, to, 1n, { commandId })))

      expect(receipts).toEqual(Array(4).fill(receipts[0]))
      expect(await eventsIn(database.pool, to)).toHaveLength(3)
    })
  })

  describe('rivals', () => {
    it('have all commands decided again when they moved one of the streams on', async () => {
      const [stale, other] = [database.writeSide(), database.writeSide()]
      const [from, to] = [await openWith(stale, 10n), await openWith(stale, 1n)]
      await deposit(other, to, 5n)

      const receipt = await transfer(stale, from, to, 4n)

      expect(receipt.streams.map(({ version }) => version)).toEqual([3, 4])
    })

    it('have a refusal decided again that is due to a state out of date', async () => {
      const [stale, other] = [database.writeSide(), database.writeSide()]
      const [from, to] = [await openWith(stale, 1n), await openWith(stale, 1n)]
      await deposit(other, from, 100n)

      expect((await transfer(stale, from, to, 60n)).streams[0]?.version).toBe(4)
      await expect(transfer(other, from, to, 60n)).rejects.toThrow('the balance does not cover it')
    })

    it('neither block nor starve one another, whatever the order of their streams', async () => {
      const sides = [database.writeSide(), database.writeSide()]
      const accounts: string[] = []
      for (let index = 0; index < 4; index++) accounts.push(await openWith(inTurn(sides, 0), 1_000n))
      const pick = (index: number) => inTurn(accounts, index)

      const client = async (index: number) => {
        const side = inTurn(sides, index)
        for (let round = 0; round < 8; round++) {
          const first = index + round
          if (index % 4 === 3) await deposit(side, pick(first), 1n)
          else if (index % 4 === 2)
            await side.bus.executeAll(
              [3, 2, 1, 0].map((n) => new DepositMoney({ accountId: pick(first + n), amount: 1n })),
            )
          else await transfer(side, pick(first), pick(first + 1 + (index % 2) * 2), 1n)
        }
      }
      await Promise.all(Array.from({ length: 16 }, (_, index) => client(index)))

      // Eight clients with 8 transfers of 2 events, four with 8 groups of 4, four with 8 deposits; and 2 to begin with.
      const events = await Promise.all(accounts.map((account) => eventsIn(database.pool, account)))
      expect(events.flat()).toHaveLength(8 * 8 * 2 + 4 * 8 * 4 + 4 * 8 + 4 * 2)
      await expectSoundStore(database.pool)
    })
  })

  describe('streams that were only read', () => {
    it.each([2, 'streamExists', 'any'] as const)(
      'let it pass when they are as expected: %s',
      async (expected) => {
        const side = database.writeSide()
        const [from, to, read] = [
          await openWith(side, 9n),
          await openWith(side, 1n),
          await openWith(side, 1n),
        ]

        const guards = [{ stream: { type: 'account', id: read }, version: expected }]

        expect((await transfer(side, from, to, 1n, { expect: guards })).streams).toHaveLength(2)
        expect(await eventsIn(database.pool, read)).toHaveLength(2)
      },
    )

    it('refuse it at once when they are not, and nothing is decided again', async () => {
      let ids = 0
      const side = database.writeSide({ newId: () => (ids++, uuidv7()) })
      const [from, to, read] = [await openWith(side, 9n), await openWith(side, 1n), await openWith(side, 1n)]
      const stream = { type: 'account', id: read }
      ids = 0

      const failing = transfer(side, from, to, 1n, { expect: [{ stream, version: 1 }] })

      await expect(failing).rejects.toMatchObject({ stream, expected: 1, actual: 2 })
      await expect(failing).rejects.toBeInstanceOf(WrongExpectedVersion)
      // The command's and those of two events: decided again, they would be drawn again.
      expect(ids).toBe(3)
      expect(await eventsIn(database.pool, from)).toHaveLength(2)
      expect((await transfer(side, from, to, 1n)).streams[0]?.version).toBe(3)
    })

    it('may be required not to exist', async () => {
      const side = database.writeSide()
      const [from, to] = [await openWith(side, 9n), await openWith(side, 1n)]
      const nobody = { stream: { type: 'account', id: uniqueName('nobody') }, version: 'noStream' as const }
      const somebody = { stream: { type: 'account', id: await openWith(side, 1n) }, version: 0 }

      expect((await transfer(side, from, to, 1n, { expect: [nobody] })).streams[0]?.version).toBe(3)
      await expect(transfer(side, from, to, 1n, { expect: [somebody] })).rejects.toBeInstanceOf(
        WrongExpectedVersion,
      )
      expect(await countOf(database.pool, 'streams', `id = '${nobody.stream.id}'`)).toBe(0)
    })

    it('do not stand against a retry of what was accepted', async () => {
      const side = database.writeSide()
      const [from, to, read] = [await openWith(side, 9n), await openWith(side, 1n), await openWith(side, 1n)]
      const options = {
        commandId: uniqueName('id'),
        expect: [{ stream: { type: 'account', id: read }, version: 2 }],
      }
      const first = await transfer(side, from, to, 1n, options)
      await deposit(side, read, 1n)

      expect(await transfer(side, from, to, 1n, options)).toEqual(first)
    })

    it('are held to their version while the group waits for its turn', async () => {
      const sides = [database.writeSide(), database.writeSide()]
      const [from, to, read] = [
        await openWith(inTurn(sides, 0), 99n),
        await openWith(inTurn(sides, 0), 1n),
        await openWith(inTurn(sides, 0), 1n),
      ]
      const guards = [{ stream: { type: 'account', id: read }, version: 2 }]

      const outcomes = await Promise.allSettled([
        ...Array.from({ length: 8 }, (_, n) => transfer(inTurn(sides, n), from, to, 1n, { expect: guards })),
        deposit(inTurn(sides, 1), read, 1n),
        ...Array.from({ length: 8 }, (_, n) => transfer(inTurn(sides, n), from, to, 1n, { expect: guards })),
      ])

      const [moved] = (await eventsIn(database.pool, read)).slice(2)
      const before = (await eventsIn(database.pool, from))
        .slice(2)
        .filter(({ position }) => position < (moved?.position ?? 0n))
      const passed = outcomes.filter(({ status }) => status === 'fulfilled').length - 1
      expect(await eventsIn(database.pool, from)).toHaveLength(2 + passed)
      expect(before).toHaveLength(passed)
    })

    it('and that it appends to: an expectation of the command for that stream', async () => {
      const side = database.writeSide()
      const [from, to] = [await openWith(side, 9n), await openWith(side, 1n)]
      // As a receipt says it.
      const expectFrom = (version: number) => [{ stream: `account-${from}`, version }]

      await expect(transfer(side, from, to, 1n, { expect: expectFrom(1) })).rejects.toMatchObject({
        expected: 1,
        actual: 2,
      })
      expect((await transfer(side, from, to, 1n, { expect: expectFrom(2) })).streams[0]?.version).toBe(3)
    })
  })
})
