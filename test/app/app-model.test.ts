import { describe, expect, it } from 'vitest'
import {
  type AggregateClass,
  Aggregate,
  AggregateRoot,
  Applies,
  Handles,
  Preparations,
  Prepares,
} from '../../src/aggregates/index.js'
import { modelOf } from '../../src/app/app-model.js'
import { type AppOptions, defineApp, isAppDefinition } from '../../src/app/definition.js'
import { Command } from '../../src/core/command.js'
import { defineContract } from '../../src/core/contract.js'
import { DefinitionError } from '../../src/core/errors/index.js'
import { DomainEvent } from '../../src/core/event.js'
import { long, string } from '../../src/core/fields/index.js'
import {
  defineProjection,
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

const faultsOf = (aggregates: AggregateClass[], projections: ProjectionClass[] = [], name = 'banking') =>
  faultsIn({ name, aggregates, projections })

const faultsIn = (options: Partial<AppOptions>) => {
  try {
    modelOf(defineApp({ name: 'banking', ...options }))
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
    expect(definition).toMatchObject({ projections: [], preparations: [], consumes: [] })
    expect(defineApp({ name: 'consumer' }).aggregates).toEqual([])
    expect(isAppDefinition(definition)).toBe(true)
    expect(isAppDefinition({ ...Object.fromEntries(Object.entries(definition)) })).toBe(false)
  })
})

describe('modelOf', () => {
  it('finds options that there are not, and classes without a name', () => {
    const anonymous = () => class extends AggregateRoot<Deposited> {}
    const Stranger = anonymous()
    class Strange extends Balances {}
    defineProjection(Strange, {
      name: 'strange',
      version: 1,
      from: [Stranger, Account],
      projects: { deposited: Deposited },
      key: () => 'x',
      across: 'commutative',
    })
    const Bare = anonymous()
    const options = {
      aggregates: [Account, Bare],
      projections: [Strange],
      projektions: [],
      schemaprefix: 'x',
    }

    expect(faultsIn(options as Partial<AppOptions>)).toEqual([
      'projektions is no option of an app',
      'schemaprefix is no option of an app',
      'an anonymous class must be decorated with @Aggregate, once',
      'projection strange: from names an anonymous class, which is not an aggregate of the app',
    ])
    expect(faultsIn({ ...defineApp({ name: 'again', aggregates: [Account] }) })).toEqual([])
  })

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
      'projection shipments: nothing that it reads from emits Shipped',
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

  it('gives the model of preparing steps', () => {
    @Preparations()
    class Rates {
      @Prepares(Deposit)
      async rate() {}
    }
    const { preparations } = modelOf(
      defineApp({ name: 'banking', aggregates: [Account], preparations: [Rates] }),
    )

    expect(preparations.flatMap((it) => it.steps.map(({ command }) => command))).toEqual([Deposit])
  })

  it('finds two preparing steps of a command, and steps of commands that nobody handles', () => {
    class Ship extends Command('Ship', { id: string() })('id') {}
    @Preparations()
    class Rates {
      @Prepares(Deposit)
      async rate() {}

      @Prepares(Ship)
      async weight() {}
    }
    @Preparations()
    class Limits {
      @Prepares(Deposit)
      async limit() {}
    }

    expect(faultsIn({ aggregates: [Account], preparations: [Rates, Limits, undefined as never] })).toEqual([
      'preparations[2] is not a class (undefined if its file imports this one)',
      'the command Deposit has two preparing steps',
      '@Prepares weight is for Ship, which no aggregate handles',
    ])
  })
})

describe('modelOf a service that only consumes', () => {
  const accounts = defineContract({ name: 'account', topic: 'banking.account', events: [Deposited] })
  const parcels = defineContract({ name: 'parcel', topic: 'shop.parcel', events: [Shipped] })

  class Rows extends TableProjection({ table: 'rows', key: 'id', columns: { id: string() } }) {
    deposited() {}
    shipped() {}
  }

  it('gives its contracts and projections', () => {
    class Deposits extends Rows {}
    defineProjection(Deposits, {
      name: 'd',
      version: 1,
      from: [accounts],
      projects: { deposited: Deposited },
    })
    const model = modelOf(
      defineApp({ name: 'reports', consumes: [accounts, parcels], projections: [Deposits] }),
    )

    expect(model).toMatchObject({ aggregates: [], contracts: [accounts, parcels] })
    expect(model.projections.map(({ sources }) => sources)).toEqual([[accounts]])
  })

  it('finds a source that is not consumed, and an event that no source emits', () => {
    class Stray extends Rows {}
    defineProjection(Stray, { name: 's', version: 1, from: [parcels], projects: { deposited: Deposited } })
    class OfAggregate extends Rows {}
    defineProjection(OfAggregate, {
      name: 'a',
      version: 1,
      from: [Account, accounts],
      key: () => 'x',
      across: 'commutative',
      projects: { shipped: Shipped },
    })

    expect(faultsIn({ consumes: [accounts], projections: [Stray] })).toEqual([
      'projection s: from names parcel, which is not in what the app consumes',
      'projection s: nothing that it reads from emits Deposited',
    ])
    expect(faultsIn({ consumes: [accounts, parcels], projections: [OfAggregate] })).toEqual([
      'projection a: from names Account, which is not an aggregate of the app',
      'projection a: nothing that it reads from emits Shipped',
    ])
  })

  it('finds contracts of one name or one topic, and what is no contract', () => {
    const twin = defineContract({ name: 'account', topic: 'banking.account', events: [Deposited] })

    expect(faultsIn({ consumes: [accounts, twin, undefined as never, Account as never] })).toEqual([
      'consumes[2] must be made with defineContract (undefined if its file imports this one)',
      'consumes[3] must be made with defineContract (undefined if its file imports this one)',
      'two contracts are called account',
      'two contracts are of the topic banking.account',
    ])
  })

  it('brings along the faults of its contracts, and finds events of two classes in them', () => {
    const other = defineContract({
      name: 'Wallet',
      topic: 'wallets',
      events: [class extends DomainEvent('Deposited', {}) {}],
    })

    expect(faultsIn({ consumes: [accounts, other] })).toEqual([
      expect.stringContaining('contract Wallet: the contract name "Wallet" must match'),
      'the event type Deposited stands for two classes: give one of them another name',
    ])
  })

  it('is told from an app without anything', () => {
    expect(faultsIn({})).toEqual([
      'the app has no events: list its aggregates, or the contracts that it consumes',
    ])
  })

  it('has no aggregates', () => {
    expect(faultsIn({ aggregates: [Account], consumes: [parcels] })).toEqual([
      'an app with aggregates cannot consume contracts yet: put the projections that read from contracts ' +
        'into a service of their own, with consumes and without aggregates',
    ])
  })
})
