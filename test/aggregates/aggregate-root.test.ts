import { describe, expect, it } from 'vitest'
import { Aggregate, AggregateRoot, Applies, replay, takeUncommitted } from '../../src/aggregates/index.js'
import { DefinitionError } from '../../src/core/errors/index.js'
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

describe('AggregateRoot', () => {
  it('applies what it emits at once, and hands it out in order', () => {
    const account = new Account('576')

    expect(account.deposit(5n)).toBe(5n)
    account.withdraw(2n)

    expect(account.balance).toBe(3n)
    expect(takeUncommitted(account)).toEqual([new Deposited({ amount: 5n }), new Withdrawn({ amount: 2n })])
    expect(takeUncommitted(account)).toEqual([])
  })

  it('applies what is stored without recording it again', () => {
    const account = new Account('576')

    replay(account, new Deposited({ amount: 5n }))

    expect(account.balance).toBe(5n)
    expect(takeUncommitted(account)).toEqual([])
  })

  it('records nothing when the applier throws', () => {
    const account = new Account('576')

    expect(() => {
      account.withdraw(13n)
    }).toThrow('out of luck')
    expect(takeUncommitted(account)).toEqual([])
  })

  it('refuses to emit an event that it does not list', () => {
    const account = new Account('576')

    expect(() => {
      account.close()
    }).toThrow(DefinitionError)
    expect(takeUncommitted(account)).toEqual([])
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
})
