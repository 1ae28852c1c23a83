import { describe, expect, it } from 'vitest'
import {
  definePreparations,
  Handles,
  Preparations,
  type PreparationsClass,
  preparationsModelOf,
  Prepares,
} from '../../src/aggregates/index.js'
import { Command } from '../../src/core/command.js'
import { string } from '../../src/core/fields/index.js'

class Convert extends Command('Convert', { id: string() })('id') {}
class Transfer extends Command('Transfer', { id: string() })('id') {}
const clock = Symbol('clock')

@Preparations({ inject: ['rates', clock] })
class Rates {
  constructor(
    readonly rates: string,
    readonly clock: string,
  ) {}

  @Prepares(Convert)
  async rate() {
    return Promise.resolve(this.rates)
  }

  @Prepares(Transfer, { timeout: '2.5s' })
  async limit() {
    return Promise.resolve(5)
  }
}

const read = (preparationsClass: PreparationsClass) => {
  const faults: string[] = []
  return { model: preparationsModelOf(preparationsClass, faults), faults }
}

describe('preparationsModelOf', () => {
  it('says everything that the decorators say, five seconds by default included', async () => {
    const { model, faults } = read(Rates)

    expect(faults).toEqual([])
    expect(model).toMatchObject({ preparationsClass: Rates, inject: ['rates', clock] })
    expect(model.steps.map(({ command, method, timeout }) => [command, method, timeout])).toEqual([
      [Convert, 'rate', 5_000],
      [Transfer, 'limit', 2_500],
    ])
    expect(await model.steps[0]?.run.call(new Rates('1.5', 'now'))).toBe('1.5')
  })

  it('collects every fault', () => {
    @Preparations({ inject: [undefined as never] })
    class Faulty {
      constructor(
        readonly rates: string,
        readonly clock: string,
      ) {}

      @Prepares(undefined as never)
      async cyclic() {}

      @Prepares(Convert, { timeout: 'soon' as never })
      async untimed() {}

      @Prepares(Transfer, { timeout: 0 })
      async instant() {}

      @Handles(Transfer)
      decides() {}
    }

    expect(read(Faulty).faults).toEqual([
      'preparations Faulty: inject[0] must be a string, a symbol or a class (undefined if its file imports this one)',
      'preparations Faulty: its constructor takes 2 services, and inject lists 1',
      'preparations Faulty: @Prepares cyclic needs a command class (undefined if its file imports this one)',
      `preparations Faulty: @Prepares untimed must have a timeout above 0, in milliseconds or like '500ms', '2s', '5m'`,
      `preparations Faulty: @Prepares instant must have a timeout above 0, in milliseconds or like '500ms', '2s', '5m'`,
      'preparations Faulty: @Handles decides does not belong into preparations',
    ])
  })

  it('finds classes without decorator, and without steps', () => {
    class Plain {}
    @Preparations()
    class Empty {}

    expect(read(Plain).faults).toEqual(['class Plain must be decorated with @Preparations, once'])
    expect(read(Empty).faults).toEqual([
      'preparations Empty: it prepares no command: add a method with @Prepares',
    ])
  })
})

describe('definePreparations', () => {
  it('says the same as the decorators', () => {
    class Plain {
      constructor(
        readonly rates: string,
        readonly clock: string,
      ) {}

      async rate() {
        return Promise.resolve(this.rates)
      }

      async limit() {
        return Promise.resolve(5)
      }
    }
    const returned = definePreparations(Plain, {
      inject: ['rates', clock],
      prepares: { rate: Convert, limit: [Transfer, { timeout: '2.5s' }] },
    })
    const steps = (preparationsClass: PreparationsClass) =>
      read(preparationsClass).model.steps.map((it) => ({ ...it, run: it.run.name }))

    expect(returned).toBe(Plain)
    expect(steps(Plain)).toEqual(steps(Rates))
    expect(read(Plain)).toMatchObject({ faults: [], model: { inject: ['rates', clock] } })
  })
})
