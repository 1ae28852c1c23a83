import { describe, expect, it } from 'vitest'
import {
  Aggregate,
  aggregateModelFor,
  aggregateModelOf,
  type AggregateClass,
  AggregateRoot,
  Applies,
  defineAggregate,
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

describe('a declared state', () => {
  const fields = { balance: long() }

  class Stateful extends AggregateRoot<Deposited> {
    balance = 0n

    deposited() {}

    state() {
      return { balance: this.balance }
    }

    restore({ balance }: { readonly balance: bigint }) {
      this.balance = balance
    }
  }

  it('is got from an aggregate and restored to another', () => {
    defineAggregate(Stateful, {
      name: 'account',
      events: [Deposited],
      state: { version: 2, fields },
      snapshots: { every: 100 },
      applies: { deposited: Deposited },
    })
    const { state } = aggregateModelFor(Stateful)
    const [account, other] = [new Stateful('576'), new Stateful('576')]
    account.balance = 5n

    state?.restore.call(other, state.get.call(account))

    expect(state).toMatchObject({ version: 2, fields, snapshots: { every: 100 } })
    expect(other.balance).toBe(5n)
  })

  it('is undefined where none is declared', () => {
    expect(aggregateModelFor(Account).state).toBeUndefined()
  })

  it('takes a function as policy of snapshots', () => {
    class ByPolicy extends Stateful {}
    const snapshots = () => true
    defineAggregate(ByPolicy, {
      name: 'account',
      events: [Deposited],
      state: { version: 1, fields },
      snapshots,
      applies: { deposited: Deposited },
    })

    expect(aggregateModelFor(ByPolicy).state?.snapshots).toBe(snapshots)
  })

  const faultsWith = (options: object, methods: object = {}) => {
    class Faulty extends AggregateRoot<Deposited> {
      deposited() {}
    }
    Object.assign(Faulty.prototype, methods)
    defineAggregate(Faulty, {
      name: 'faulty',
      events: [Deposited],
      applies: { deposited: Deposited },
      ...options,
    })
    return faultsOf(Faulty)
  }

  it('is needed by snapshots', () => {
    expect(faultsWith({ snapshots: { every: 5 } })).toEqual([
      'aggregate faulty: snapshots need a declared state: add state: { version, fields }',
    ])
  })

  it('has all of its faults reported', () => {
    const state = {
      version: 0,
      fields: { 'no name': long(), balance: 5, small: long('x' as never) },
      topic: 'compacted',
    }

    expect(faultsWith({ state, snapshots: { every: 0 } }, { async state() {} })).toEqual([
      'aggregate faulty: state.topic is not known: state has version and fields',
      'aggregate faulty: state.version must be a whole number above 0',
      expect.stringContaining('aggregate faulty: state: the field name "no name" must match'),
      'aggregate faulty: state: field balance must be made with string(), long() or the like',
      expect.stringContaining('aggregate faulty: state: field small: its initial value'),
      'aggregate faulty: snapshots must be { every: a whole number above 0 }, or a function that says when',
      'aggregate faulty: its method state() must not be async',
      'aggregate faulty: its state is declared, so it needs a method restore()',
    ])
  })

  it.each([null, 5, 'compacted'])('is no %s', (state) => {
    expect(faultsWith({ state }, { state() {}, restore() {} })).toEqual([
      'aggregate faulty: state.version must be a whole number above 0',
      'aggregate faulty: state: its fields must be an object',
    ])
  })
})

describe('defineAggregate', () => {
  it('says the same as the decorators', () => {
    class Plain extends AggregateRoot<Deposited> {
      open() {}
      deposit() {}
      deposited() {}
    }
    const returned = defineAggregate(Plain, {
      name: 'account',
      events: [Deposited],
      topic: { partitions: 12 },
      handles: { open: [Open, { expect: 'noStream' }], deposit: Deposit },
      applies: { deposited: Deposited },
    })
    const withoutClass = (aggregateClass: AggregateClass) => {
      const { appliers, handlers, ...model } = aggregateModelFor(aggregateClass)
      return {
        ...model,
        aggregateClass: undefined,
        appliers: [...appliers.values()].map((it) => ({ ...it, run: it.run.name })),
        handlers: [...handlers.values()].map((it) => ({ ...it, run: it.run.name })),
      }
    }

    expect(returned).toBe(Plain)
    expect(withoutClass(Plain)).toEqual(withoutClass(Account))
  })

  it('leaves what is wrong to the start of the app, methods that there are not included', () => {
    class Plain extends AggregateRoot<never> {}
    defineAggregate(Plain, { name: 'plain', events: [], handles: { nowhere: Deposit } as object })

    expect(faultsOf(Plain)).toEqual(['aggregate plain: Plain has no method nowhere'])
  })

  it('is not said twice of one class', () => {
    class Twice extends Account {}
    defineAggregate(Twice, { name: 'twice', events: [Deposited] })
    defineAggregate(Twice, { name: 'twice', events: [Deposited] })

    expect(faultsOf(Twice)).toEqual(['class Twice must be decorated with @Aggregate, once'])
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
