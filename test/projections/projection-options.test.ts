import { describe, expect, it } from 'vitest'
import { AggregateRoot, defineAggregate } from '../../src/aggregates/index.js'
import { defineContract } from '../../src/core/contract.js'
import { DomainEvent } from '../../src/core/event.js'
import { long, string } from '../../src/core/fields/index.js'
import {
  defineProjection,
  type ProjectionClass,
  projectionModelOf,
  SqlProjection,
  TableProjection,
} from '../../src/projections/index.js'

class Deposited extends DomainEvent('Deposited', { amount: long() }) {}

class Account extends AggregateRoot<Deposited> {
  deposited() {}
}
defineAggregate(Account, { name: 'account', events: [Deposited], applies: { deposited: Deposited } })

const read = (projection: ProjectionClass) => {
  const faults: string[] = []
  return { faults, model: projectionModelOf(projection, faults) }
}

describe('the options of a projection', () => {
  const accounts = defineContract({ name: 'account', topic: 'banking.account', events: [Deposited] })
  const sum = `key needs across, 'commutative' or 'ordered': 'commutative' if a row is the same in whatever order`

  class Rows extends TableProjection({ table: 'rows', key: 'id', columns: { id: string() } }) {
    deposited() {}
  }
  class Lines extends SqlProjection<object> {
    static tables() {
      return Promise.resolve()
    }

    deposited() {}
  }
  const tableWith = (options: object) => {
    class Table extends Rows {}
    const common = { name: 't', version: 1, from: [Account], projects: { deposited: Deposited } }
    return read(defineProjection(Table, { ...common, ...options }))
  }
  const sqlWith = (options: object) => {
    class Sql extends Lines {}
    const common = { name: 't', version: 1, from: [Account], projects: { deposited: Deposited } }
    return read(defineProjection(Sql, { ...common, ...options }))
  }
  const key = () => 'x'

  it('are all in its model', () => {
    const options = { key, across: 'commutative', inline: true, inject: ['clock'] }

    expect(tableWith(options)).toMatchObject({
      faults: [],
      model: { keyOf: key, across: 'commutative', inline: true, inject: ['clock'] },
    })
    expect(tableWith({})).toMatchObject({
      faults: [],
      model: { keyOf: undefined, across: undefined, inline: false, inject: [] },
    })
  })

  it.each([
    [{ key, across: 'ordered' }],
    [{ key, across: 'commutative', from: [accounts] }],
    [{ from: [accounts] }],
    [{ inline: true }],
  ])('of a table may be %j', (options) => {
    expect(tableWith(options).faults).toEqual([])
  })

  it.each([[{ across: 'ordered' }], [{ inline: true }], [{ from: [Account, accounts] }]])(
    'of SQL may be %j',
    (options) => {
      expect(sqlWith(options).faults).toEqual([])
    },
  )

  it.each([
    [{ key }, sum],
    [{ key: 'id', across: 'ordered' }, 'key must be a function'],
    [{ key, across: 'sometimes' }, 'across must be one of commutative, ordered'],
    [{ across: 'commutative' }, 'across is for rows of another key than the stream'],
    [{ across: 'ordered' }, 'across is for rows of another key than the stream'],
    [{ from: [Account, accounts] }, 'a table of one row per stream can read from one source only'],
    [{ key, across: 'ordered', inline: true }, 'an inline projection cannot be ordered'],
    [{ key, across: 'ordered', from: [accounts] }, `across 'ordered' is the order of the app's own store`],
    [{ from: [accounts], inline: true }, 'inline is in the transaction of the append'],
    [{ inline: 'yes' }, 'inline must be true or false'],
    [{ inject: 'clock' }, 'inject must be a list of tokens'],
    [{ inject: [undefined] }, 'inject[0] must be a string, a symbol or a class'],
    [{ from: [accounts, accounts], key, across: 'commutative' }, 'from[1] is there twice'],
    [{ from: [{ name: 'account' }] }, 'from[0] must be an aggregate class or a contract'],
  ])('of a table may not be %j', (options, fault) => {
    expect(tableWith(options).faults).toEqual([expect.stringContaining(`projection t: ${fault}`)])
  })

  it.each([
    [{ key }, 'key is for a TableProjection'],
    [{ across: 'commutative' }, `across 'commutative' says nothing about a SqlProjection`],
    [{ across: 'ordered', inline: true }, 'an inline projection cannot be ordered'],
    [
      { across: 'ordered', from: [Account, accounts] },
      `across 'ordered' is the order of the app's own store`,
    ],
  ])('of SQL may not be %j', (options, fault) => {
    expect(sqlWith(options).faults).toEqual([expect.stringContaining(`projection t: ${fault}`)])
  })

  it('list a service for each parameter of the constructor', () => {
    class Served extends Rows {
      constructor(
        readonly clock: object,
        readonly rates: object,
        readonly note = 'none',
      ) {
        super()
      }
    }
    const common = { name: 't', version: 1, from: [Account], projects: { deposited: Deposited } }
    const inject = ['clock', class Rates {}]

    expect(read(defineProjection(class extends Served {}, { ...common, inject })).faults).toEqual([])
    expect(read(defineProjection(Served, { ...common, inject: ['clock'] })).faults).toEqual([
      'projection t: its constructor takes 2 services, and inject lists 1',
    ])
  })
})
