import { describe, expect, it } from 'vitest'
import { Aggregate, AggregateRoot, Applies } from '../../src/aggregates/index.js'
import { DomainEvent } from '../../src/core/event.js'
import { long, optional, string } from '../../src/core/fields/index.js'
import {
  defineProjection,
  type ProjectionClass,
  Projection,
  projectionModelOf,
  Projects,
  type Row,
  SqlProjection,
  TableProjection,
} from '../../src/projections/index.js'

class Deposited extends DomainEvent('Deposited', { amount: long() }) {}

@Aggregate({ name: 'account', events: [Deposited] })
class Account extends AggregateRoot<Deposited> {
  @Applies(Deposited)
  deposited() {}
}

@Projection({ name: 'balances', version: 2, from: [Account] })
class Balances extends TableProjection({
  table: 'balances',
  key: 'account_id',
  columns: { account_id: string(), balance: long(0n), note: optional(string()), owner: string() },
  indexes: [['balance'], ['owner', 'balance']],
}) {
  @Projects(Deposited)
  deposited(event: Deposited, row: Row<typeof Balances>) {
    row.balance += event.amount
  }
}

@Projection({ name: 'statements', version: 1, from: [Account] })
class Statements extends SqlProjection<{ lines: { amount: bigint } }> {
  static readonly created: string[] = []

  static tables(_db: unknown, schema: string) {
    this.created.push(schema)
    return Promise.resolve()
  }

  @Projects(Deposited)
  async deposited() {
    await Promise.resolve()
  }
}

const read = (projection: unknown) => {
  const faults: string[] = []
  return { faults, model: projectionModelOf(projection as ProjectionClass, faults) }
}

describe('projectionModelOf', () => {
  it('refuses a table over two aggregates, whose streams could share a row', () => {
    @Aggregate({ name: 'card', events: [Deposited] })
    class Card extends AggregateRoot<Deposited> {
      @Applies(Deposited)
      deposited() {}
    }
    @Projection({ name: 'both', version: 1, from: [Account, Card] })
    class Both extends TableProjection({ table: 'both', key: 'id', columns: { id: string() } }) {
      @Projects(Deposited)
      deposited() {}
    }

    expect(read(Both).faults).toEqual([
      'projection both: a table of one row per stream can read from one source only: give each its own, add a key, or write SQL',
    ])
  })

  it('says everything that a table projection says', () => {
    const { faults, model } = read(Balances)

    expect(faults).toEqual([])
    expect(model).toMatchObject({
      kind: 'table',
      name: 'balances',
      version: 2,
      sources: [Account],
      table: 'balances',
      key: 'account_id',
      indexes: [['balance'], ['owner', 'balance']],
    })
    expect([...(model?.handlers.keys() ?? [])]).toEqual(['Deposited'])
  })

  it('says where the value of each column of a new row comes from', () => {
    const { model } = read(Balances)

    expect(model?.kind === 'table' && model.columns.map(({ name, origin }) => [name, origin])).toEqual([
      ['account_id', 'key'],
      ['balance', 'initial'],
      ['note', 'optional'],
      ['owner', 'handler'],
    ])
  })

  it('says everything that a SQL projection says, its async handlers included', async () => {
    const { faults, model } = read(Statements)
    if (model?.kind === 'sql') await model.createTables({} as never, 'banking_statements_g1')

    expect(faults).toEqual([])
    expect(model).toMatchObject({ kind: 'sql', name: 'statements' })
    expect(Statements.created).toEqual(['banking_statements_g1'])
  })

  it('keeps the definition of its table off its instances', () => {
    expect(Reflect.ownKeys(new Balances())).toEqual([])
  })

  it('collects the faults of a class that is no projection', () => {
    class Plain extends SqlProjection<object> {}
    @Projection({ name: 'stray', version: 1, from: [Account] })
    class Stray extends (Object as unknown as new () => SqlProjection<unknown>) {
      static async tables() {}
    }

    expect(read(Plain).faults).toEqual(['class Plain must be decorated with @Projection, once'])
    expect(read(Stray).faults).toEqual([
      'projection stray: its class must extend TableProjection({ … }) or SqlProjection',
    ])
  })

  it('collects every fault of a table', () => {
    @Projection({ name: 'Faulty', version: 0, from: [] })
    class Faulty extends TableProjection({
      table: 'a"b',
      key: 'balance' as never,
      columns: { account_id: string(), balance: long() },
      indexes: [['nowhere' as never], ['nowhere' as never]],
    }) {
      @Projects(Deposited)
      deposited() {}

      @Projects(Deposited)
      again() {}

      @Projects(undefined as never)
      cyclic() {}
    }

    expect(read(Faulty).faults).toEqual([
      expect.stringContaining('the projection name "Faulty" must match'),
      'projection Faulty: version must be a whole number above 0',
      'projection Faulty: from must be a list of aggregate classes or contracts, and not empty',
      'projection Faulty: the event Deposited has two handlers',
      'projection Faulty: @Projects cyclic needs an event class (undefined if its file imports this one)',
      expect.stringContaining('projection Faulty: the table name "a\\"b" must match'),
      'projection Faulty: its key balance must be a string, uuid, date, enumeration or decimal, and not optional',
      'projection Faulty: its indexes name nowhere, which is not one of its columns',
    ])
  })

  it('finds unsafe columns, and a key that is none of them', () => {
    @Projection({ name: 'unsafe', version: 1, from: [Account] })
    class Unsafe extends TableProjection({
      table: 't',
      key: 'Id',
      columns: { Id: string(), ctid: string() },
    }) {
      @Projects(Deposited)
      deposited() {}
    }
    @Projection({ name: 'keyless', version: 1, from: [Account] })
    class Keyless extends TableProjection({ table: 't', key: 'id' as never, columns: { other: string() } }) {
      @Projects(Deposited)
      deposited() {}
    }

    expect(read(Unsafe).faults).toEqual([
      expect.stringContaining('the column name "Id" must match'),
      'projection unsafe: the column name "ctid" is reserved',
    ])
    expect(read(Keyless).faults).toEqual(['projection keyless: its key id must be one of its columns'])
  })

  it('finds an async handler of a table, a missing tables function, and no handler at all', () => {
    @Projection({ name: 'slow', version: 1, from: [Account] })
    class Slow extends TableProjection({ table: 't', key: 'id', columns: { id: string() } }) {}
    Object.assign(Slow.prototype, { async deposited() {} })
    Reflect.apply(Projects(Deposited), undefined, [Slow.prototype, 'deposited', undefined])
    @Projection({ name: 'bare', version: 1, from: [Account] })
    class Bare extends (SqlProjection as unknown as new () => SqlProjection<unknown>) {
      declare static tables: () => Promise<void>
    }

    expect(read(Slow).faults).toEqual(['projection slow: @Projects deposited must not be async'])
    expect(read(Bare).faults).toEqual([
      'projection bare: it handles no event: add a method with @Projects',
      'projection bare: it needs static tables(db, schema), which creates its tables',
    ])
  })
})

describe('defineProjection', () => {
  it('says the same as the decorators', () => {
    class Plain extends TableProjection({
      table: 'balances',
      key: 'account_id',
      columns: { account_id: string(), balance: long(0n), note: optional(string()), owner: string() },
      indexes: [['balance'], ['owner', 'balance']],
    }) {
      deposited(event: Deposited, row: Row<typeof Plain>) {
        row.balance += event.amount
      }
    }
    const returned = defineProjection(Plain, {
      name: 'balances',
      version: 2,
      from: [Account],
      projects: { deposited: Deposited },
    })
    const withoutClass = (projection: ProjectionClass) => {
      const { model } = read(projection)
      if (model?.kind !== 'table') throw new Error('it is no table')
      const columns = model.columns.map(({ name, origin }) => [name, origin])
      const handlers = [...model.handlers.values()].map((it) => ({ ...it, run: it.run.name }))
      return { ...model, projectionClass: undefined, columns, handlers }
    }

    expect(returned).toBe(Plain)
    expect(withoutClass(Plain)).toEqual(withoutClass(Balances))
  })

  it('leaves methods that there are not to the start of the app', () => {
    class Plain extends TableProjection({ table: 't', key: 'id', columns: { id: string() } }) {}
    defineProjection(Plain, {
      name: 't',
      version: 1,
      from: [Account],
      projects: { nowhere: Deposited } as object,
    })

    expect(read(Plain).faults).toEqual(['projection t: Plain has no method nowhere'])
  })
})
