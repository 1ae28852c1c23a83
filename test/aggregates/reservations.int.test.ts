import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { CommandRejected, DefinitionError, WrongExpectedVersion } from 'reprise'
import { ReservationRefused, StreamClosed } from '../../src/core/errors/index.js'
import { inTurn } from '../support/in-turn.js'
import { uniqueName } from '../support/kafka.js'
import {
  ChangeEmail,
  CloseSilently,
  club,
  Join,
  Leave,
  Misbehave,
  ReleaseForeign,
  ReserveSilently,
  Say,
} from '../support/members.js'
import { countOf, eventsIn, expectSoundStore } from '../support/store-facts.js'
import { useMigratedDatabase, type WriteSide } from '../support/write-side.js'

describe.each([18, 15] as const)('on Postgres %i', (server) => {
  const database = useMigratedDatabase({ server })
  const newSide = () => database.writeSide({ app: club })
  const join = (side: WriteSide, memberId: string, email: string, commandId = uniqueName('id')) =>
    side.bus.execute(new Join({ memberId, email }), { commandId })

  const joined = async (side: WriteSide) => {
    const memberId = uniqueName('member')
    const email = `${memberId}@example.org`
    await join(side, memberId, email)
    return { memberId, email }
  }

  describe('a value that is reserved', () => {
    it('is refused to every other stream, without a word of it or of who holds it', async () => {
      const side = newSide()
      const { memberId: holder, email } = await joined(side)
      const late = uniqueName('late')

      const error: unknown = await join(side, late, email).catch((reason: unknown) => reason)

      expect(error).toBeInstanceOf(ReservationRefused)
      expect(error).toBeInstanceOf(CommandRejected)
      expect(error).toMatchObject({ scope: 'email', holder: { type: 'member', id: holder } })
      for (const told of [inspect(error, { depth: 9 }), JSON.stringify(error), (error as Error).message]) {
        expect(told).not.toContain(holder)
        expect(told).not.toContain(email)
      }
      expect(await eventsIn(database.pool, late)).toEqual([])
      expect(await countOf(database.pool, 'streams', `id = '${late}'`)).toBe(0)
    })

    it('is given to one of many who ask at the same time through several processes', async () => {
      const sides = [newSide(), newSide(), newSide()]
      const email = `${uniqueName('wanted')}@example.org`

      const outcomes = await Promise.allSettled(
        Array.from({ length: 16 }, (_, n) => join(inTurn(sides, n), uniqueName('rival'), email)),
      )

      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(ReservationRefused)
      await expectSoundStore(database.pool)
    })

    it('is free for others once it is released', async () => {
      const [side, other] = [newSide(), newSide()]
      const { memberId, email } = await joined(side)
      const next = uniqueName('next')
      await expect(join(other, next, email)).rejects.toBeInstanceOf(ReservationRefused)

      await side.bus.execute(new ChangeEmail({ memberId, email: `new-${email}` }))

      expect((await join(other, next, email)).version).toBe(1)
      await expect(join(other, uniqueName('late'), `new-${email}`)).rejects.toBeInstanceOf(ReservationRefused)
    })

    it('can change hands in one commit, in which it is released before', async () => {
      const side = newSide()
      const { memberId, email } = await joined(side)
      const next = uniqueName('next')
      const [leave, joinNext] = [new Leave({ memberId }), new Join({ memberId: next, email })]
      await expect(side.bus.executeAll([joinNext, leave])).rejects.toBeInstanceOf(ReservationRefused)

      const receipt = await side.bus.executeAll([leave, joinNext])

      expect(receipt.streams.map(({ version }) => version)).toEqual([2, 1])
      await expect(join(side, uniqueName('late'), email)).rejects.toMatchObject({ holder: { id: next } })
    })

    it('is recorded, in the order asked, on the first event of its stream in the commit', async () => {
      const side = newSide()
      const { memberId, email } = await joined(side)
      await side.bus.execute(new ChangeEmail({ memberId, email: 'b@example.org' }))

      const recorded = (await eventsIn(database.pool, memberId)).map(
        ({ metadata }) => metadata['reservations'],
      )

      const change = (kind: string, value: string) => ({ kind, scope: 'email', value })
      expect(recorded).toEqual([
        [change('reserve', email)],
        [change('release', email), change('reserve', 'b@example.org')],
        undefined,
      ])
    })

    it('answers a retry with its receipt, although its own stream holds the value now', async () => {
      const side = newSide()
      const [memberId, id] = [uniqueName('member'), uniqueName('id')]
      const first = await join(side, memberId, `${memberId}@example.org`, id)

      expect(await join(newSide(), memberId, `${memberId}@example.org`, id)).toEqual(first)
    })

    it('cannot be released by a stream that does not hold it', async () => {
      const side = newSide()
      const [{ email }, { memberId }] = [await joined(side), await joined(side)]

      for (const value of [email, 'nobody@example.org'])
        await expect(side.bus.execute(new ReleaseForeign({ memberId, email: value }))).rejects.toBeInstanceOf(
          ReservationRefused,
        )
      expect(await eventsIn(database.pool, memberId)).toHaveLength(1)
    })
  })

  describe('a stream that is closed', () => {
    it('takes no more commands: neither accepted nor refused ones, nor such as would open it', async () => {
      const [side, stale] = [newSide(), newSide()]
      const { memberId } = await joined(side)
      await stale.bus.execute(new Say({ memberId, text: 'still here' }))
      await side.bus.execute(new Leave({ memberId }))

      for (const bus of [side.bus, stale.bus, newSide().bus])
        for (const command of [
          new Say({ memberId, text: 'a ghost' }),
          new Misbehave({ memberId }),
          new Join({ memberId, email: 'ghost@example.org' }),
        ])
          await expect(bus.execute(command)).rejects.toBeInstanceOf(StreamClosed)
      await expect(side.bus.execute(new Say({ memberId, text: '' }), { expect: 99 })).rejects.toBeInstanceOf(
        StreamClosed,
      )
      expect(await eventsIn(database.pool, memberId)).toHaveLength(3)
    })

    it('lets no group pass that has a command for it', async () => {
      const side = newSide()
      const [{ memberId: closed }, { memberId: open }] = [await joined(side), await joined(side)]
      await side.bus.execute(new Leave({ memberId: closed }))
      const stream = { type: 'member', id: closed }

      const accepted = side.bus.executeAll([
        new Say({ memberId: open, text: '' }),
        new Say({ memberId: closed, text: '' }),
      ])
      await expect(accepted).rejects.toMatchObject({ name: 'StreamClosed', stream })
      const refused = side.bus.executeAll([
        new Say({ memberId: closed, text: '' }),
        new Misbehave({ memberId: open }),
      ])
      await expect(refused).rejects.toMatchObject({ name: 'StreamClosed', stream })
      expect(await eventsIn(database.pool, open)).toHaveLength(1)
    })

    it('answers the retry of the command that closed it', async () => {
      const side = newSide()
      const { memberId } = await joined(side)
      const options = { commandId: uniqueName('id') }
      const first = await side.bus.execute(new Leave({ memberId }), options)

      for (const bus of [side.bus, newSide().bus])
        expect(await bus.execute(new Leave({ memberId }), options)).toEqual(first)
    })
  })

  describe('a handler without an event', () => {
    it.each([
      [
        'reserves',
        (memberId: string) => new ReserveSilently({ memberId }),
        'reserveSilently of ReserveSilently reserves',
      ],
      [
        'closes',
        (memberId: string) => new CloseSilently({ memberId }),
        'closeSilently of CloseSilently closes',
      ],
    ])('that %s something is a defect, and nothing is stored', async (_, command, message) => {
      const side = newSide()
      const { memberId } = await joined(side)

      const executing = side.bus.execute(command(memberId))

      await expect(executing).rejects.toBeInstanceOf(DefinitionError)
      await expect(executing).rejects.toThrow(`the handler ${message} without emitting an event`)
      await expect(
        side.bus.executeAll([
          new Say({ memberId: (await joined(side)).memberId, text: '' }),
          command(memberId),
        ]),
      ).rejects.toBeInstanceOf(DefinitionError)
      expect(await countOf(database.pool, 'reservations', `value LIKE 'silent%'`)).toBe(0)
      expect((await side.bus.execute(new Say({ memberId, text: '' }))).version).toBe(2)
    })

    it('that expects another version is refused for that', async () => {
      const side = newSide()
      const { memberId } = await joined(side)

      const executing = side.bus.execute(new ReserveSilently({ memberId }), { expect: 7 })

      await expect(executing).rejects.toBeInstanceOf(WrongExpectedVersion)
    })
  })
})
