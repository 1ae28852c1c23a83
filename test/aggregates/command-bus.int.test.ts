import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { AggregateNotFound, CommandRejected, WrongExpectedVersion } from 'reprise'
import { deposit, open, withdraw } from '../support/account-commands.js'
import { DepositMoney } from '../support/bank.js'
import { inTurn } from '../support/in-turn.js'
import { uniqueName } from '../support/kafka.js'
import { Note, notes } from '../support/notes.js'
import { countOf, eventsIn, expectSoundStore } from '../support/store-facts.js'
import { useMigratedDatabase, type WriteSide } from '../support/write-side.js'

describe.each([18, 15] as const)('CommandBus on Postgres %i', (server) => {
  const database = useMigratedDatabase({ server })

  describe('concurrency', () => {
    it('gives dense versions to 16 clients of two processes on 3 streams, and loses none of their commands', async () => {
      const sides = [database.writeSide(), database.writeSide()]
      const accounts = [uniqueName('a'), uniqueName('b'), uniqueName('c')]
      for (const account of accounts) await open(inTurn(sides, 0), account)

      const client = async (index: number) => {
        for (let round = 0; round < 12; round++)
          await deposit(inTurn(sides, index), inTurn(accounts, index + round), 1n)
      }
      await Promise.all(Array.from({ length: 16 }, (_, index) => client(index)))

      const heads = await Promise.all(accounts.map((account) => eventsIn(database.pool, account)))
      expect(heads.map(({ length }) => length)).toEqual([65, 65, 65])
      heads.forEach((events) =>
        expect(events.map(({ version }) => Number(version))).toEqual(events.map((_, index) => index + 1)),
      )
      await expectSoundStore(database.pool)
    })

    it('carries every command of 12 processes on one hot stream through', async () => {
      const account = uniqueName('hot')
      const sides = Array.from({ length: 12 }, () => database.writeSide())
      await open(inTurn(sides, 0), account)

      await Promise.all(
        sides.map(async (side) => {
          for (let round = 0; round < 15; round++) await deposit(side, account, 1n)
        }),
      )

      expect(await eventsIn(database.pool, account)).toHaveLength(181)
    })

    it('opens a stream for exactly one of many concurrent commands that expect none', async () => {
      const account = uniqueName('once')
      const sides = [database.writeSide(), database.writeSide()]

      const outcomes = await Promise.allSettled(
        Array.from({ length: 16 }, (_, index) => open(inTurn(sides, index), account)),
      )

      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      outcomes.forEach((outcome) => {
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(WrongExpectedVersion)
      })
      expect(await eventsIn(database.pool, account)).toHaveLength(1)
    })
  })

  describe('refusals', () => {
    it('decides again what it would refuse on a state that is out of date', async () => {
      const [stale, other] = [database.writeSide(), database.writeSide()]
      const account = uniqueName('stale')
      await open(stale, account)
      await deposit(other, account, 100n)

      const receipt = await withdraw(stale, account, 60n)

      expect(receipt.version).toBe(3)
      await expect(withdraw(other, account, 60n)).rejects.toThrow('the balance does not cover it')
    })

    it('decides again what failed with a defect on a state that is out of date', async () => {
      const [stale, other] = [database.writeSide({ app: notes }), database.writeSide({ app: notes })]
      const notebookId = uniqueName('defect')
      const note = (side: WriteSide, serial: number) => side.bus.execute(new Note({ notebookId, serial }))
      await note(stale, 1)
      await note(other, 2)

      expect((await note(stale, 3)).version).toBe(3)
      await expect(note(other, 9)).rejects.toThrow(TypeError)
    })

    it('refuses a command for a stream that does not exist, and keeps nothing of the refusal', async () => {
      const [first, other] = [database.writeSide(), database.writeSide()]
      const account = uniqueName('missing')
      await expect(deposit(first, account, 1n)).rejects.toBeInstanceOf(AggregateNotFound)
      await open(other, account)

      expect((await deposit(first, account, 1n)).version).toBe(2)
    })

    it('does not record a rejected command: the same id may succeed later', async () => {
      const side = database.writeSide()
      const account = uniqueName('rejected')
      const id = uniqueName('id')
      await open(side, account)

      await expect(withdraw(side, account, 10n, id)).rejects.toBeInstanceOf(CommandRejected)
      expect(await countOf(database.pool, 'command_results', `command_id = '${id}'`)).toBe(0)
      await deposit(side, account, 10n)

      expect((await withdraw(side, account, 10n, id)).version).toBe(3)
    })

    it('leaves no trace of what a refused command had emitted', async () => {
      const side = database.writeSide()
      const account = uniqueName('trace')
      await open(side, account)
      await deposit(side, account, 10n)

      await expect(withdraw(side, account, 11n)).rejects.toBeInstanceOf(CommandRejected)
      await withdraw(side, account, 10n)

      await expect(withdraw(side, account, 1n)).rejects.toBeInstanceOf(CommandRejected)
      expect(await eventsIn(database.pool, account)).toHaveLength(3)
    })

    it.each([
      ['noStream', 1, false],
      ['streamExists', 1, true],
      ['any', 1, true],
      [1, 1, true],
      [0, 1, false],
      [2, 1, false],
    ] as const)(
      'holds a deposit that expects %s against version %i',
      async (expectation, _version, accepted) => {
        const side = database.writeSide()
        const account = uniqueName('expect')
        await open(side, account)

        const executing = database
          .writeSide()
          .bus.execute(new DepositMoney({ accountId: account, amount: 1n }), { expect: expectation })

        if (accepted) expect((await executing).version).toBe(2)
        else await expect(executing).rejects.toBeInstanceOf(WrongExpectedVersion)
        expect(await eventsIn(database.pool, account)).toHaveLength(accepted ? 2 : 1)
      },
    )

    it('accepts one of many commands that expect the same version', async () => {
      const sides = [database.writeSide(), database.writeSide()]
      const account = uniqueName('race')
      await open(inTurn(sides, 0), account)

      const outcomes = await Promise.allSettled(
        Array.from({ length: 10 }, (_, index) =>
          inTurn(sides, index).bus.execute(new DepositMoney({ accountId: account, amount: 1n }), {
            expect: 1,
          }),
        ),
      )

      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(await eventsIn(database.pool, account)).toHaveLength(2)
    })
  })

  describe('idle', () => {
    it('resolves when the commands under way are done', async () => {
      const side = database.writeSide()
      const account = uniqueName('idle')
      let done = 0
      const commands = [open(side, account), deposit(side, account, 1n), deposit(side, account, 1n)]
      commands.forEach((command) => void command.then(() => done++))

      await side.bus.idle()
      await delay(0)

      expect(done).toBe(3)
      expect(side.bus.appended).toBe(3)
    })
  })
})
