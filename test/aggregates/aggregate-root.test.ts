import { describe, expect, it } from 'vitest'
import { Aggregate, AggregateRoot, Applies, replay, takeDecision } from '../../src/aggregates/index.js'
import { DefinitionError, InvalidValue } from '../../src/core/errors/index.js'
import { DomainEvent } from '../../src/core/event.js'
import { long } from '../../src/core/fields/index.js'

class Deposited extends DomainEvent('Deposited', { amount: long() }) {}
class Withdrawn extends DomainEvent('Withdrawn', { amount: long() }) {}
class Closed extends DomainEvent('Closed', {}) {}

@Aggregate({ name: 'account', events: [Deposited, Withdrawn] })
class Account extends AggregateRoot<Deposited | Withdrawn> {
  balance = 0n

  deposit(amount: bigint) {
    this.emit(new Deposited({ amount }))
    return this.balance
  }

  withdraw(amount: bigint) {
    this.emit(new Withdrawn({ amount }))
  }

  close() {
    this.emit(new Closed({}) as never)
  }

  emitAnything(value: unknown) {
    this.emit(value as Deposited)
  }

  take(scope: unknown, value: unknown) {
    this.reserve(scope as string, value as string)
  }

  give(scope: unknown, value: unknown) {
    this.release(scope as string, value as string)
  }

  end() {
    this.closeStream()
  }

  @Applies(Deposited)
  deposited({ amount }: Deposited) {
    this.balance += amount
  }

  @Applies(Withdrawn)
  withdrawn({ amount }: Withdrawn) {
    if (amount === 13n) throw new Error('out of luck')
    this.balance -= amount
  }
}

const nothing = { events: [], reservations: [], closes: false }

describe('AggregateRoot', () => {
  it('applies what it emits at once, and hands it out in order', () => {
    const account = new Account('576')

    expect(account.deposit(5n)).toBe(5n)
    account.withdraw(2n)

    expect(account.balance).toBe(3n)
    expect(takeDecision(account).events).toEqual([
      new Deposited({ amount: 5n }),
      new Withdrawn({ amount: 2n }),
    ])
    expect(takeDecision(account)).toEqual(nothing)
  })

  it('applies what is stored without recording it again', () => {
    const account = new Account('576')

    replay(account, new Deposited({ amount: 5n }))

    expect(account.balance).toBe(5n)
    expect(takeDecision(account)).toEqual(nothing)
  })

  it.each<[string, unknown]>([
    ['plain values', { amount: 5n }],
    ['nothing', undefined],
    ['a name', 'Deposited'],
    ['the class', Deposited],
  ])('refuses to emit %s, which is no event', (_, value) => {
    const account = new Account('576')

    expect(() => account.emitAnything(value)).toThrow(DefinitionError)
    expect(() => account.emitAnything(value)).toThrow(
      'aggregate account emits what is no event: make it of one of its event classes, as in ' +
        'this.emit(new Deposited({ … }))',
    )
    expect(takeDecision(account)).toEqual(nothing)
  })

  it('records nothing when the applier throws', () => {
    const account = new Account('576')

    expect(() => {
      account.withdraw(13n)
    }).toThrow('out of luck')
    expect(takeDecision(account)).toEqual(nothing)
  })

  it('refuses to emit an event that it does not list', () => {
    const account = new Account('576')

    expect(() => {
      account.close()
    }).toThrow(DefinitionError)
    expect(takeDecision(account)).toEqual(nothing)
  })

  it('refuses an applier that returns a promise, which only running it shows', () => {
    @Aggregate({ name: 'slow', events: [Deposited] })
    class Slow extends AggregateRoot<Deposited> {
      deposit() {
        this.emit(new Deposited({ amount: 1n }))
      }

      @Applies(Deposited)
      deposited(): void {
        return Promise.resolve() as never
      }
    }

    expect(() => {
      new Slow('1').deposit()
    }).toThrow(/applies Deposited asynchronously/)
  })

  it('hands out what it reserves and releases in order, and that its stream is closed', () => {
    const account = new Account('576')

    account.take('iban', 'CZ65')
    account.give('iban', 'CZ64')
    account.end()

    expect(takeDecision(account)).toEqual({
      events: [],
      reservations: [
        { kind: 'reserve', scope: 'iban', value: 'CZ65' },
        { kind: 'release', scope: 'iban', value: 'CZ64' },
      ],
      closes: true,
    })
    expect(takeDecision(account)).toEqual(nothing)
  })

  it('takes values of up to 512 bytes', () => {
    const account = new Account('576')

    account.take('iban', 'ž'.repeat(256))

    expect(takeDecision(account).reservations).toHaveLength(1)
  })

  it.each([
    ['iban', ''],
    ['iban', `${'ž'.repeat(256)}x`],
    ['iban', 'a\0b'],
    ['iban', 5],
    ['IBAN', 'CZ65'],
    ['', 'CZ65'],
    [undefined, 'CZ65'],
  ])('neither reserves nor releases in the scope %j the value %j', (scope, value) => {
    const account = new Account('576')

    expect(() => {
      account.take(scope, value)
    }).toThrow(InvalidValue)
    expect(() => {
      account.give(scope, value)
    }).toThrow(InvalidValue)
    expect(takeDecision(account)).toEqual(nothing)
  })

  it('names every violation, and shows neither scope nor value', () => {
    const account = new Account('576')

    expect(() => {
      account.take('a secret', '')
    }).toThrow(
      'invalid values for reserve: scope must be a name, like that of a table; value must not be empty',
    )
  })
})
