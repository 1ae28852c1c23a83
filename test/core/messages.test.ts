import { describe, expect, it } from 'vitest'
import {
  Command,
  commandFaults,
  commandToJson,
  commandTypeOf,
  isCommand,
  isCommandType,
  targetOf,
} from '../../src/core/command.js'
import { DefinitionError, InvalidValue } from '../../src/core/errors/index.js'
import {
  DomainEvent,
  eventFaults,
  eventFromJson,
  eventToJson,
  eventTypeOf,
  isEvent,
  isEventType,
} from '../../src/core/event.js'
import { long, optional, string, timestamp } from '../../src/core/fields/index.js'

class MoneyDeposited extends DomainEvent('MoneyDeposited', {
  amount: long(),
  at: timestamp(),
  reference: optional(string()),
}) {}
class Booked extends DomainEvent('Booked', {
  type: string(),
  name: string(),
  id: string(),
  fields: string(),
}) {}
class DepositMoney extends Command('DepositMoney', { accountId: string(), amount: long() })('accountId') {}

const at = new Date(0)

describe('DomainEvent', () => {
  it('makes instances that carry nothing but their fields, frozen', () => {
    const event = new MoneyDeposited({ amount: 5n, at, reference: undefined })

    expect(Reflect.ownKeys(event)).toEqual(['amount', 'at'])
    expect(Object.isFrozen(event)).toBe(true)
    expect(event).toBeInstanceOf(MoneyDeposited)
  })

  it('leaves every name to the fields, those of its statics included', () => {
    const event = new Booked({ type: 'VYBER', name: 'x', id: '1', fields: 'f' })

    expect(Object.fromEntries(Object.entries(event))).toEqual({
      type: 'VYBER',
      name: 'x',
      id: '1',
      fields: 'f',
    })
    expect(eventTypeOf(event)).toBe('Booked')
    expect(Booked.type).toBe('Booked')
  })

  it('copies its values, so that the giver cannot change them', () => {
    const given = new Date(0)
    const event = new MoneyDeposited({ amount: 5n, at: given })
    given.setTime(1)

    expect(event.at).toEqual(new Date(0))
  })

  it('refuses values that do not fit, all of them at once', () => {
    const make = () => new MoneyDeposited({ amount: 5, when: at } as never)

    expect(make).toThrow(InvalidValue)
    expect(make).toThrow(/amount must be a bigint.*at is missing.*when is not declared/)
  })

  it('tells events from everything else', () => {
    expect(isEvent(new MoneyDeposited({ amount: 5n, at }))).toBe(true)
    expect(isEvent({ amount: 5n, at })).toBe(false)
    expect(isEventType(MoneyDeposited)).toBe(true)
    expect([DepositMoney, undefined, () => 1, {}].map(isEventType)).toEqual([false, false, false, false])
  })

  it('collects the faults of its definition, and makes no instance while it has any', () => {
    class Unsafe extends DomainEvent('no way', { ['__proto__']: string() }) {}

    expect(eventFaults(Unsafe)).toHaveLength(2)
    expect(() => new Unsafe({ ['__proto__']: 'x' })).toThrow(DefinitionError)
  })
})

describe('eventFromJson', () => {
  it('gives an equal instance back', () => {
    const event = new MoneyDeposited({ amount: 2n ** 63n - 1n, at, reference: 'salary' })

    const back = eventFromJson(MoneyDeposited, JSON.parse(JSON.stringify(eventToJson(event))))

    expect(back).toStrictEqual(event)
    expect(Object.isFrozen(back)).toBe(true)
  })

  it("does not run the constructor of the user's class", () => {
    class Strict extends DomainEvent('Strict', { amount: long() }) {
      constructor(values: { amount: bigint }) {
        super(values)
        if (values.amount > 10n) throw new Error('too much by the rules of today')
      }
    }

    expect(eventFromJson(Strict, { amount: '11' })).toMatchObject({ amount: 11n })
  })
})

describe('Command', () => {
  it('makes instances that carry nothing but their fields, and knows its target', () => {
    const command = new DepositMoney({ accountId: '576', amount: 5n })

    expect(Reflect.ownKeys(command)).toEqual(['accountId', 'amount'])
    expect(Object.isFrozen(command)).toBe(true)
    expect(targetOf(command)).toBe('576')
    expect(commandTypeOf(command)).toBe('DepositMoney')
    expect([DepositMoney.type, DepositMoney.target]).toEqual(['DepositMoney', 'accountId'])
    expect(isCommand(command) && isCommandType(DepositMoney) && !isCommandType(MoneyDeposited)).toBe(true)
  })

  it('gives equal JSON for equal commands, in whatever order the values came', () => {
    const one = commandToJson(new DepositMoney({ accountId: '576', amount: 5n }))
    const other = commandToJson(new DepositMoney({ amount: 5n, accountId: '576' }))

    expect(JSON.stringify(one)).toBe(JSON.stringify(other))
  })

  it.each(['', 'x'.repeat(513), 'é'.repeat(257)])(
    'refuses a target that cannot name a stream (case %#)',
    (accountId) => {
      expect(() => new DepositMoney({ accountId, amount: 5n })).toThrow(InvalidValue)
    },
  )

  it('has a fault when its target is none of its fields', () => {
    const Lost = Command('Lost', { accountId: string() })('elsewhere' as 'accountId')

    expect(commandFaults(Lost)).toEqual([
      'command Lost: its target elsewhere must be one of its fields, and not optional',
    ])
  })
})
