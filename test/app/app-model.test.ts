import { describe, expect, it } from 'vitest'
import {
  type AggregateClass,
  Aggregate,
  AggregateRoot,
  Applies,
  Handles,
} from '../../src/aggregates/index.js'
import { modelOf } from '../../src/app/app-model.js'
import { defineApp, isAppDefinition } from '../../src/app/definition.js'
import { Command } from '../../src/core/command.js'
import { DefinitionError } from '../../src/core/errors/index.js'
import { DomainEvent } from '../../src/core/event.js'
import { long, string } from '../../src/core/fields/index.js'
import {
  type ProjectionClass,
  Projection,
  Projects,
  SqlProjection,
  TableProjection,
} from '../../src/projections/index.js'

class Deposited extends DomainEvent('Deposited', { amount: long() }) {}
class Shipped extends DomainEvent('Shipped', {}) {}
class Deposit extends Command('Deposit', { id: string() })('id') {}

@Aggregate({ name: 'account', events: [Deposited] })
class Account extends AggregateRoot<Deposited> {
  @Handles(Deposit)
  deposit() {}

  @Applies(Deposited)
  deposited() {}
}

@Projection({ name: 'balances', version: 1, from: [Account] })
class Balances extends TableProjection({ table: 'balances', key: 'id', columns: { id: string() } }) {
  @Projects(Deposited)
  deposited() {}
}

const faultsOf = (aggregates: AggregateClass[], projections: ProjectionClass[] = [], name = 'banking') => {
  try {
    modelOf(defineApp({ name, aggregates, projections }))
    return []
  } catch (error) {
    if (error instanceof DefinitionError) return error.faults
    throw error
  }
}

describe('defineApp', () => {
  it('checks nothing, and can no longer be changed', () => {
    const definition = defineApp({ name: 'No Name', aggregates: [undefined as never] })

    expect(Object.isFrozen(definition) && Object.isFrozen(definition.aggregates)).toBe(true)
    expect(definition.projections).toEqual([])
    expect(isAppDefinition(definition)).toBe(true)
    expect(isAppDefinition({ ...Object.fromEntries(Object.entries(definition)) })).toBe(false)
  })
})

describe('modelOf', () => {
  it('gives the model of the whole app, the same each time', () => {
    const definition = defineApp({ name: 'banking', aggregates: [Account], projections: [Balances] })
    const model = modelOf(definition)

    expect(model.aggregates.map((it) => it.name)).toEqual(['account'])
    expect(model.projections.map((it) => it.name)).toEqual(['balances'])
    expect(modelOf(definition)).toBe(model)
  })

  it('reports the faults of all aggregates and projections at once', () => {
    class Plain extends AggregateRoot<Deposited> {}
    @Aggregate({ name: 'rootless', events: [] })
    class Rootless extends (Object as never as typeof AggregateRoot<never>) {}
    class Bare extends TableProjection({ table: 't', key: 'id', columns: { id: string() } }) {}

    expect(faultsOf([Plain, undefined as never, Rootless as never], [Bare], 'Banking')).toEqual([
      'aggregates[1] is not a class (undefined if its file imports this one)',
      'class Plain must be decorated with @Aggregate, once',
      'class Rootless must extend AggregateRoot',
      'class Bare must be decorated with @Projection, once',
      expect.stringContaining('the app name "Banking" must match'),
    ])
  })

  it('finds names and commands that are there twice', () => {
    @Aggregate({ name: 'account', events: [] })
    class Twin extends AggregateRoot<never> {
      @Handles(Deposit)
      deposit() {}
    }
    @Projection({ name: 'balances', version: 1, from: [Account] })
    class TwinBalances extends TableProjection({ table: 'balances', key: 'id', columns: { id: string() } }) {
      @Projects(Deposited)
      deposited() {}
    }

    expect(faultsOf([Account, Twin], [Balances, TwinBalances])).toEqual([
      'two aggregates are called account',
      'two projections are called balances',
      'two projections write to the table balances',
      'the command Deposit is handled by two aggregates',
    ])
  })

  it('finds an event type that stands for two classes', () => {
    const other = class extends DomainEvent('Deposited', {}) {}
    @Aggregate({ name: 'wallet', events: [other] })
    class Wallet extends AggregateRoot<InstanceType<typeof other>> {
      @Applies(other)
      deposited() {}
    }

    expect(faultsOf([Account, Wallet])).toEqual([
      'the event type Deposited stands for two classes: give one of them another name',
    ])
  })

  it('finds a projection of an event no source emits, and a source that is not in the app', () => {
    @Aggregate({ name: 'parcel', events: [Shipped] })
    class Parcel extends AggregateRoot<Shipped> {
      @Applies(Shipped)
      shipped() {}
    }
    @Projection({ name: 'shipments', version: 1, from: [Account, Parcel] })
    class Shipments extends SqlProjection<object> {
      static tables = () => Promise.resolve()

      @Projects(Shipped)
      shipped() {}
    }

    expect(faultsOf([Account], [Shipments])).toEqual([
      'projection shipments: from names Parcel, which is not an aggregate of the app',
      'projection shipments: no aggregate that it reads from emits Shipped',
    ])
  })

  it('refuses names that are too long together for the schema of a generation', () => {
    expect(faultsOf([Account], [Balances], 'b'.repeat(41))).toEqual([])

    const long = 'p'.repeat(41)
    @Projection({ name: long, version: 1, from: [Account] })
    class LongNamed extends TableProjection({ table: 't', key: 'id', columns: { id: string() } }) {
      @Projects(Deposited)
      deposited() {}
    }

    expect(faultsOf([Account], [LongNamed], 'b'.repeat(41))).toEqual([
      `projection ${long}: its name and the app's are 28 characters too long together for a schema name`,
    ])
  })
})
