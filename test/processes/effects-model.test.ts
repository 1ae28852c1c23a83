import { describe, expect, it } from 'vitest'
import { AggregateRoot, Applies, defineAggregate } from '../../src/aggregates/index.js'
import { modelOf } from '../../src/app/app-model.js'
import { defineApp } from '../../src/app/definition.js'
import { describeApp } from '../../src/app/description.js'
import { DomainEvent } from '../../src/core/event.js'
import { long, string } from '../../src/core/fields/index.js'
import { defineEffects, Effects, type EffectsOptions, effectsModelOf, On } from '../../src/processes/index.js'
import { defineProjection, TableProjection } from '../../src/projections/index.js'

class Deposited extends DomainEvent('Deposited', { amount: long() }) {}
class Closed extends DomainEvent('Closed', { reason: string() }) {}

class Account extends AggregateRoot<Deposited> {
  deposited() {}
}
defineAggregate(Account, { name: 'account', events: [Deposited], applies: { deposited: Deposited } })

const read = (effects: new () => object) => {
  const faults: string[] = []
  return { faults, model: effectsModelOf(effects, faults) }
}

/** As JavaScript may define it. */
function with_(options: object) {
  class Notes {
    deposited() {}
  }
  const all = { name: 'notes', from: [Account], on: { deposited: Deposited }, ...options }
  return defineEffects(Notes, all as EffectsOptions & { on: { deposited: typeof Deposited } })
}

describe('the model of effects', () => {
  it('holds what the definition says, and the defaults of what it does not', () => {
    expect(read(with_({}))).toMatchObject({
      faults: [],
      model: {
        kind: 'effect',
        name: 'notes',
        inject: [],
        sources: [Account],
        begin: 'now',
        attempts: 8,
        timeout: 10_000,
      },
    })
    const options = { begin: 'earliest', attempts: 2, timeout: '1m', inject: ['mailer'] }
    expect(read(with_(options))).toMatchObject({
      faults: [],
      model: { begin: 'earliest', attempts: 2, timeout: 60_000, inject: ['mailer'] },
    })
  })

  it('is the same from decorators', () => {
    @Effects({ name: 'notes', from: [Account], timeout: 500 })
    class Decorated {
      @On(Deposited)
      async deposited() {}
    }

    const { faults, model } = read(Decorated)

    expect(faults).toEqual([])
    expect(model).toMatchObject({ name: 'notes', timeout: 500 })
    expect([...(model?.handlers ?? [])].map(([type, { method }]) => [type, method])).toEqual([
      ['Deposited', 'deposited'],
    ])
  })

  it('has every fault of a definition at once', () => {
    const { faults } = read(
      with_({ name: 'No Name', from: [], on: {}, begin: 'later', attempts: 0, timeout: '2m', retries: 3 }),
    )

    expect(faults).toEqual([
      'effects No Name: the effect name "No Name" must match ^[a-z][a-z0-9_]{0,40}$',
      'effects No Name: retries is no option of effects',
      'effects No Name: from must be a list of aggregate classes or contracts, and not empty',
      'effects No Name: begin must be one of now, earliest',
      'effects No Name: attempts must be a whole number from 1 to 100',
      `effects No Name: timeout must be above 0 and at most a minute, in milliseconds or like '500ms', '2s'`,
      'effects No Name: it acts on no event: add a method with @On',
    ])
  })

  it('has no method of another kind, and one per event', () => {
    @Effects({ name: 'notes', from: [Account] })
    class Mixed {
      @On(Deposited)
      once() {}

      @On(Deposited)
      twice() {}

      @Applies(Deposited)
      projected() {}
    }

    expect(read(Mixed).faults).toEqual([
      'effects notes: the event Deposited has two handlers',
      'effects notes: @Applies projected does not belong into effects',
    ])
  })
})

class Rows extends TableProjection({ table: 'rows', key: 'id', columns: { id: string() } }) {
  deposited() {}
}
defineProjection(Rows, { name: 'notes', version: 1, from: [Account], projects: { deposited: Deposited } })

describe('an app with effects', () => {
  it('refuses what no source emits, strange sources, and names that are there twice', () => {
    const strange = with_({ name: 'strange', on: { deposited: Closed } })
    class Nothing extends AggregateRoot<Closed> {
      closed() {}
    }
    defineAggregate(Nothing, { name: 'nothing', events: [Closed], applies: { closed: Closed } })
    const elsewhere = with_({ name: 'elsewhere', from: [Nothing], on: { deposited: Closed } })
    const effects = [with_({}), strange, elsewhere, with_({ name: 'strange' })]

    expect(() =>
      modelOf(defineApp({ name: 'bank', aggregates: [Account], projections: [Rows], effects })),
    ).toThrow(
      [
        'the definition has 5 faults:',
        'two classes of effects are called strange',
        'effects and a projection are called notes: their checkpoints would be the same',
        'effects strange: nothing that it reads from emits Closed',
        'effects elsewhere: from names Nothing, which is not an aggregate of the app',
        'effects elsewhere: nothing that it reads from emits Closed',
      ].join('\n- '),
    )
  })

  it('is described with when they begin, their limits and the form of their keys', () => {
    const app = defineApp({ name: 'bank', aggregates: [Account], effects: [with_({ timeout: '2s' })] })

    expect(describeApp(modelOf(app), 'reprise').effects).toEqual([
      {
        name: 'notes',
        kind: 'effect',
        from: ['account'],
        handles: ['Deposited'],
        begin: 'now',
        attempts: 8,
        timeout: 2_000,
        idempotencyKey: 'bank.notes:<event id>',
        guard: 'dense',
        group: 'bank.notes.g1',
      },
    ])
  })
})
