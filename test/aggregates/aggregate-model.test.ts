import { describe, expect, it } from 'vitest'
import {
  Aggregate,
  aggregateModelFor,
  aggregateModelOf,
  type AggregateClass,
  AggregateRoot,
  Applies,
  Handles,
} from '../../src/aggregates/index.js'
import { Command } from '../../src/core/command.js'
import { DefinitionError } from '../../src/core/errors/index.js'
import { DomainEvent } from '../../src/core/event.js'
import { long, string } from '../../src/core/fields/index.js'

class Deposited extends DomainEvent('Deposited', { amount: long() }) {}
class Closed extends DomainEvent('Closed', {}) {}
class Deposit extends Command('Deposit', { accountId: string(), amount: long() })('accountId') {}
class Open extends Command('Open', { accountId: string() })('accountId') {}

@Aggregate({ name: 'account', events: [Deposited], topic: { partitions: 12 } })
class Account extends AggregateRoot<Deposited> {
  @Handles(Open, { expect: 'noStream' })
  open() {}

  @Handles(Deposit)
  deposit() {}

  @Applies(Deposited)
  deposited() {}
}

const faultsOf = (aggregate: AggregateClass) => {
  const faults: string[] = []
  aggregateModelOf(aggregate, faults)
  return faults
}

describe('aggregateModelOf', () => {
  it('says everything that the decorators say', () => {
    const faults: string[] = []
    const model = aggregateModelOf(Account, faults)

    expect(faults).toEqual([])
    expect(model).toMatchObject({ name: 'account', topic: { partitions: 12 } })
    expect([...model.events]).toEqual([['Deposited', Deposited]])
    expect([...model.appliers.keys()]).toEqual(['Deposited'])
    expect([...model.handlers.values()].map(({ method, expect }) => [method, expect])).toEqual([
      ['open', 'noStream'],
      ['deposit', 'streamExists'],
    ])
  })

  it('collects the faults of a class that is not decorated', () => {
    class Plain extends AggregateRoot<Deposited> {}

    expect(faultsOf(Plain)).toEqual(['class Plain must be decorated with @Aggregate, once'])
  })

  it('does not take the decorators of a parent class for its own', () => {
    class Child extends Account {}

    expect(faultsOf(Child)).toEqual(['class Child must be decorated with @Aggregate, once'])
  })

  it('collects every fault in the options', () => {
    @Aggregate({
      name: 'Ill named',
      events: [Deposited, Deposited, undefined as never],
      topic: { partitions: 0 },
    })
    class Faulty extends AggregateRoot<Deposited> {
      @Applies(Deposited)
      deposited() {}
    }

    expect(faultsOf(Faulty)).toEqual([
      expect.stringContaining('the aggregate name "Ill named" must match'),
      'aggregate Ill named: the event Deposited is listed twice',
      expect.stringContaining('aggregate Ill named: events[2] needs an event class'),
      'aggregate Ill named: topic.partitions must be a whole number above 0',
    ])
  })

  it('collects every fault in the methods', () => {
    @Aggregate({ name: 'faulty', events: [Deposited] })
    class Faulty extends AggregateRoot<Deposited> {
      @Applies(Closed)
      closed() {}

      @Handles(Deposit, { expect: 'sometimes' as never })
      deposit() {}

      @Handles(Deposit)
      depositAgain() {}

      @Handles(undefined as never)
      cyclic() {}

      @Handles(Open)
      static open() {}
    }
    Reflect.apply(Applies(Deposited), undefined, [
      Object.assign(Faulty.prototype, { async late() {} }),
      'late',
      undefined,
    ])

    expect(faultsOf(Faulty)).toEqual([
      'aggregate faulty: @Applies closed is for Closed, which its events do not list',
      'aggregate faulty: @Handles deposit must expect one of noStream, streamExists, any',
      'aggregate faulty: the command Deposit has two handlers',
      'aggregate faulty: @Handles cyclic needs a command class (undefined if its file imports this one)',
      'aggregate faulty: @Handles static open must be a method of instances',
      'aggregate faulty: @Applies late must not be async',
    ])
  })

  it('finds an emitted event without applier', () => {
    @Aggregate({ name: 'faulty', events: [Deposited, Closed] })
    class Faulty extends AggregateRoot<Deposited | Closed> {
      @Applies(Deposited)
      deposited() {}
    }

    expect(faultsOf(Faulty)).toEqual([
      'aggregate faulty: the event Closed has no applier: add a method with @Applies(Closed)',
    ])
  })

  it('brings along the faults of its events and commands', () => {
    class Unsafe extends DomainEvent('not safe', {}) {}
    class Lost extends Command('Lost', { a: string() })('b' as 'a') {}
    @Aggregate({ name: 'faulty', events: [Unsafe] })
    class Faulty extends AggregateRoot<Unsafe> {
      @Applies(Unsafe)
      unsafe() {}

      @Handles(Lost)
      lost() {}
    }

    expect(faultsOf(Faulty)).toEqual([
      expect.stringContaining('the event name "not safe" must match'),
      'aggregate faulty: command Lost: its target b must be one of its fields, and not optional',
    ])
  })
})

describe('aggregateModelFor', () => {
  it('reads a class once', () => {
    expect(aggregateModelFor(Account)).toBe(aggregateModelFor(Account))
  })

  it('throws all faults in one DefinitionError', () => {
    class Plain extends AggregateRoot<Deposited> {}

    expect(() => aggregateModelFor(Plain)).toThrow(DefinitionError)
  })
})

describe('decorators', () => {
  it('fail loudly when they are run as standard decorators', () => {
    const handles: unknown = Handles(Deposit)
    const aggregate: unknown = Aggregate({ name: 'account', events: [] })
    const run = (decorator: unknown, ...parameters: unknown[]) =>
      (decorator as (...all: unknown[]) => void)(...parameters)

    expect(() => run(handles, () => 1, { kind: 'method', name: 'deposit' })).toThrow(
      /"experimentalDecorators": true/,
    )
    expect(() => run(aggregate, Account, { kind: 'class', name: 'Account' })).toThrow(DefinitionError)
  })
})
