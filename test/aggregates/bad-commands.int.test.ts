import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DefinitionError, type ExecuteAllOptions, type ExecuteOptions, InvalidValue } from 'reprise'
import { PayloadTooLarge } from '../../src/core/errors/index.js'
import { DepositMoney } from '../support/bank.js'
import { uniqueName } from '../support/kafka.js'
import { club, DecideLater, EmitUnlisted, Join, Misbehave, Say } from '../support/members.js'
import { countOf, eventsIn } from '../support/store-facts.js'
import { useMigratedDatabase, type WriteSide } from '../support/write-side.js'

const database = useMigratedDatabase()
const unhandled: unknown[] = []
const note = (reason: unknown) => void unhandled.push(reason)

beforeEach(() => {
  unhandled.length = 0
  process.on('unhandledRejection', note)
})

afterEach(async () => {
  await new Promise(setImmediate)
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

const joined = async (side: WriteSide): Promise<string> => {
  const memberId = uniqueName('member')
  await side.bus.execute(new Join({ memberId, email: `${memberId}@example.org` }))
  return memberId
}

const expectNothingStored = async (memberId: string, side: WriteSide) => {
  expect(await eventsIn(database.pool, memberId)).toHaveLength(1)
  expect(await countOf(database.pool, 'command_results', `stream_id = '${memberId}'`)).toBe(1)
  expect((await side.bus.execute(new Say({ memberId, text: 'next' }))).version).toBe(2)
}

describe('a handler that returns a promise', () => {
  it('is a defect that says what to do, and what the promise comes to is of no account', async () => {
    const side = database.writeSide({ app: club })
    const memberId = await joined(side)

    const executing = side.bus.execute(new DecideLater({ memberId }))

    await expect(executing).rejects.toBeInstanceOf(DefinitionError)
    await expect(executing).rejects.toThrow(
      'the handler decideLater of DecideLater returned a promise: make it synchronous, and fetch what it needs in a ' +
        'step with @Prepares(DecideLater)',
    )
    await expectNothingStored(memberId, side)
  })
})

describe('an event that the aggregate does not list', () => {
  it('has nothing stored, also of what was emitted before it', async () => {
    const side = database.writeSide({ app: club })
    const memberId = await joined(side)

    const executing = side.bus.execute(new EmitUnlisted({ memberId }))

    await expect(executing).rejects.toBeInstanceOf(DefinitionError)
    await expect(executing).rejects.toThrow('aggregate member does not list the event NeverListed')
    await expectNothingStored(memberId, side)
  })
})

describe('an option that there is not', () => {
  it('is named, whatever else is right, as JavaScript may misspell one', async () => {
    const side = database.writeSide({ app: club })
    const memberId = await joined(side)
    const command = new Say({ memberId, text: 'hello' })

    const one = side.bus.execute(command, { commandID: 'c-1' } as ExecuteOptions)
    const all = side.bus.executeAll([command], { expects: [] } as ExecuteAllOptions)

    await expect(one).rejects.toBeInstanceOf(InvalidValue)
    await expect(one).rejects.toThrow('invalid values for execute: commandID is no option')
    await expect(all).rejects.toThrow('invalid values for executeAll: expects is no option')
    await expectNothingStored(memberId, side)
  })
})

describe('a payload over the limit', () => {
  const limit = 100
  const json = (text: string) => Buffer.byteLength(JSON.stringify({ text }))

  it('is refused before anything is written, counted in bytes of JSON', async () => {
    const side = database.writeSide({ app: club, options: { maxPayloadBytes: limit } })
    const memberId = await joined(side)
    const tooLong = '€'.repeat(30)
    expect([tooLong.length, json(tooLong)]).toEqual([30, 101])

    const executing = side.bus.execute(new Say({ memberId, text: tooLong }))

    await expect(executing).rejects.toBeInstanceOf(PayloadTooLarge)
    await expect(executing).rejects.toMatchObject({
      facts: { eventType: 'MemberGreeted', bytes: 101, limit },
    })
    await expectNothingStored(memberId, side)
  })

  it('takes what is exactly as large', async () => {
    const side = database.writeSide({ app: club, options: { maxPayloadBytes: limit } })
    const memberId = await joined(side)
    const text = `${'€'.repeat(29)}ab`
    expect(json(text)).toBe(limit)

    expect((await side.bus.execute(new Say({ memberId, text }))).version).toBe(2)
  })

  it('is 900,000 bytes where nothing is said', async () => {
    const side = database.writeSide({ app: club })
    const memberId = await joined(side)
    const text = 'x'.repeat(900_000 - json(''))

    await expect(side.bus.execute(new Say({ memberId, text: `${text}x` }))).rejects.toBeInstanceOf(
      PayloadTooLarge,
    )
    expect((await side.bus.execute(new Say({ memberId, text }))).version).toBe(2)
  })

  it('is not held against a retry of what was stored under another limit', async () => {
    const before = database.writeSide({ app: club })
    const memberId = await joined(before)
    const say = new Say({ memberId, text: 'x'.repeat(200) })
    const options = { commandId: uniqueName('id') }
    const first = await before.bus.execute(say, options)
    const after = database.writeSide({ app: club, options: { maxPayloadBytes: limit } })
    await after.bus.execute(new Say({ memberId, text: 'at hand' }))

    expect(await after.bus.execute(say, options)).toEqual(first)
  })
})

describe('what JavaScript passes', () => {
  it('is checked whole when the command is made, and named with its paths', () => {
    const make = () => new DepositMoney({ accountId: 5, amount: 1, more: true } as never)

    expect(make).toThrow(InvalidValue)
    expect(make).toThrow(/accountId.*amount.*more/s)
  })

  it('is refused where a command is expected', async () => {
    const { bus } = database.writeSide()

    await expect(bus.execute({} as never, { actor: '' })).rejects.toThrow(
      'command must be a command; actor must have 1 to 200 characters',
    )
    await expect(bus.execute(new Misbehave({ memberId: '1' }))).rejects.toThrow(
      'no aggregate of this app handles the command Misbehave',
    )
  })
})
