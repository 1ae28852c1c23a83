import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { AppModel } from '../../src/app/app-model.js'
import { classRecorder, methodRecorder, recordsOf } from '../../src/core/decorator-recorders.js'
import { DefinitionError } from '../../src/core/errors/index.js'
import { compiledPart, type DecoratorMode, runCompiled } from '../support/compiled-module.js'

const MODES: readonly DecoratorMode[] = ['legacy', 'standard']

const modelOf = async (definition: unknown): Promise<AppModel> => {
  const part = await compiledPart<{ modelOf(definition: unknown): AppModel }>('app/app-model.js')
  return part.modelOf(definition)
}

const faultsOf = (definition: unknown) =>
  modelOf(definition).then(
    () => [],
    (error: unknown) => (error as DefinitionError).faults,
  )

const bank = async (mode: DecoratorMode) => {
  const source = await readFile(new URL('../types/bank.ts', import.meta.url), 'utf8')
  return runCompiled(source, mode)
}

/** A model as plain values: classes by name, methods by the names under which they are found. */
function plain(value: unknown): unknown {
  if (typeof value === 'function') return `function ${value.name}`
  if (value instanceof Map) return [...(value as Map<unknown, unknown>)].map(plain)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, plain(it)]))
  }
  return value
}

/** What a module is about that has one aggregate in an app. */
const withAggregate = (text: string) => `
  import { Aggregate, AggregateRoot, Applies, Command, defineApp, DomainEvent, Handles, string } from 'reprise'
  class Opened extends DomainEvent('Opened', {}) {}
  class Open extends Command('Open', { id: string() })('id') {}
  ${text}
  export default defineApp({ name: 'bank', aggregates: [Account] })
`

describe('the decorator modes, as tsc compiles them', () => {
  it('give equal models of the whole bank', async () => {
    const legacy = await modelOf((await bank('legacy'))['default'])
    const standard = await modelOf((await bank('standard'))['default'])

    expect(plain(standard)).toEqual(plain(legacy))
    expect(legacy.aggregates.flatMap((it) => [...it.handlers.keys()])).toEqual([
      'OpenAccount',
      'DepositMoney',
    ])
    expect(legacy.preparations.flatMap((it) => it.steps.map(({ method }) => method))).toEqual(['limitsFor'])
    expect(legacy.effects.flatMap((it) => [...it.handlers.keys()])).toEqual(['MoneyDeposited'])
    expect(legacy.projections.map((it) => [it.name, it.across])).toEqual([
      ['balances', undefined],
      ['daily_totals', 'commutative'],
      ['statements', undefined],
    ])
  })

  it.each(MODES)('decide, apply and restore alike: %s', async (mode) => {
    const { default: app } = await bank(mode)
    const [model] = (await modelOf(app)).aggregates
    const handler = model?.handlers.get('DepositMoney')
    if (model === undefined || handler === undefined) throw new Error('the bank has lost its account')
    const account = new model.aggregateClass('576')
    const command = new handler.command(...([{ accountId: '576', amount: 5n }] as never[]))

    model.state?.restore.call(account, { balance: 10n })
    handler.run.call(account, command, { prepared: { most: 5n } })

    expect(model.state?.get.call(account)).toEqual({ balance: 15n })
  })

  it.each(MODES)('say that a class with decorated methods lacks its own decorator: %s', async (mode) => {
    const { default: app } = await runCompiled(
      withAggregate(
        `class Account extends AggregateRoot { @Applies(Opened) opened() {} @Handles(Open) open() {} }`,
      ),
      mode,
    )

    expect(await faultsOf(app)).toEqual([
      'class Account has decorated methods (@Applies opened, @Handles open) and needs @Aggregate itself',
    ])
  })

  it.each(MODES)('leave to a parent what is decorated on the parent: %s', async (mode) => {
    const { default: app } = await runCompiled(
      withAggregate(`
        class Parent extends AggregateRoot { @Handles(Open) open() {} }
        @Aggregate({ name: 'account', events: [Opened] })
        class Account extends Parent { open() {} @Applies(Opened) opened() {} }`),
      mode,
    )
    const { aggregates } = await modelOf(app)

    expect(aggregates.flatMap((it) => [...it.handlers.keys()])).toEqual([])
  })

  it('see standard decorators above which another one replaces the method, and say so', async () => {
    const { default: app } = await runCompiled(
      withAggregate(`
        const logged = (method) => function (...all) { return method.apply(this, all) }
        @Aggregate({ name: 'account', events: [Opened] })
        class Account extends AggregateRoot {
          @logged @Handles(Open) open() {}
          @Applies(Opened) @logged opened() {}
        }`),
      'standard',
    )

    expect(await faultsOf(app)).toEqual([
      'class Account: @Handles open is hidden by another decorator of the method, which replaces it: put @Handles on top',
    ])
  })

  it('refuse a method with a # name at once', async () => {
    const source = withAggregate(`class Account extends AggregateRoot { @Handles(Open) #open() {} }`)

    await expect(runCompiled(source, 'standard')).rejects.toThrow(/@Handles #open must be on a method/)
  })
})

// As a run time calls them that knows Symbol.metadata, which none yet does: a polyfill would be global.
describe('standard decorators with metadata', () => {
  const handles = methodRecorder({ decorator: 'Handles', message: 'message', options: {} })
  const context = (name: string, metadata: object, isStatic = false) =>
    ({ kind: 'method', name, static: isStatic, private: false, metadata }) as const

  it('are known also where another decorator replaces the method', () => {
    class Account {
      static make() {}
      open() {}
    }
    const metadata = {}
    handles(() => 'replaced', context('make', metadata, true))
    handles(() => 'replaced', context('open', metadata))
    handles(() => 'of another class', context('other', {}))
    classRecorder({ decorator: 'Aggregate', options: {} })(Account, { kind: 'class', metadata })

    const { methods, hidden } = recordsOf(Account)
    expect(methods.map(({ method, isStatic }) => [method, isStatic])).toEqual([
      ['open', false],
      ['make', true],
    ])
    expect(hidden).toEqual([])
  })
})

describe('standard decorators without metadata', () => {
  const handles = methodRecorder({ decorator: 'Handles', message: 'message', options: {} })
  const context = { kind: 'method', name: 'open', static: false, private: false }
  const decorated = (definedClass: new () => object) => {
    classRecorder({ decorator: 'Aggregate', options: {} })(definedClass, { kind: 'class' })
    return recordsOf(definedClass)
  }

  it('belong to the name they were put on, not to an alias', () => {
    class Account {
      open() {}
    }
    handles(Account.prototype.open, context)
    Object.assign(Account.prototype, { alias: Account.prototype.open })

    expect(decorated(Account).methods.map(({ method }) => method)).toEqual(['open'])
  })

  it('of a class that is never decorated are not taken for hidden in the next one', () => {
    class Undecorated {
      open() {}
    }
    class Account {
      open() {}
    }
    handles(Undecorated.prototype.open, context)
    handles(Account.prototype.open, context)

    expect(decorated(Account)).toMatchObject({ methods: [{ method: 'open' }], hidden: [] })
  })

  it('are refused on what is no method', () => {
    expect(() => {
      handles(() => 1, { kind: 'getter', name: 'balance', static: false, private: false })
    }).toThrow(DefinitionError)
  })
})
