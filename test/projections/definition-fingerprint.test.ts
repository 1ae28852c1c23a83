import { describe, expect, it } from 'vitest'
import {
  AggregateRoot,
  defineAggregate,
  defineProjection,
  long,
  type ProjectionClass,
  type ProjectionOptions,
  string,
  TableProjection,
} from 'reprise'
import { definitionFingerprint, keyingOf } from '../../src/projections/definition-fingerprint.js'
import { projectionModelOf } from '../../src/projections/read-projection-model.js'
import { Account, MoneyDeposited, MoneyWithdrawn, Statements } from '../support/bank.js'
import { WiderStatements } from '../support/bank-releases.js'

class Vault extends AggregateRoot<MoneyDeposited> {
  deposited(): void {}
}
defineAggregate(Vault, { name: 'vault', events: [MoneyDeposited], applies: { deposited: MoneyDeposited } })

interface TableOptions {
  readonly initial?: bigint
  readonly indexed?: boolean
}

const table = ({ initial = 0n, indexed = false }: TableOptions) =>
  TableProjection({
    table: 'sums',
    key: 'id',
    columns: { id: string(), sum: long(initial) },
    indexes: indexed ? [['sum']] : [],
  })

type SumRow = { sum: bigint }

/** Each call makes classes anew, as each build does. */
function sums(options: Partial<ProjectionOptions> = {}, tableOptions: TableOptions = {}): ProjectionClass {
  class Sums extends table(tableOptions) {
    deposited({ amount }: MoneyDeposited, row: SumRow) {
      row.sum += amount
    }
  }
  return defined(Sums, options)
}

function sumsOfMore(): ProjectionClass {
  class Sums extends table({}) {
    deposited({ amount }: MoneyDeposited, row: SumRow) {
      row.sum += amount + 1n
    }
  }
  return defined(Sums, {})
}

function sumsByPrivateMethod(by: 'one' | 'other'): ProjectionClass {
  const One = class Sums extends table({}) {
    deposited({ amount }: MoneyDeposited, row: SumRow) {
      row.sum += this.#counted(amount)
    }

    #counted(amount: bigint): bigint {
      return amount
    }
  }
  const Other = class Sums extends table({}) {
    deposited({ amount }: MoneyDeposited, row: SumRow) {
      row.sum += this.#counted(amount)
    }

    #counted(amount: bigint): bigint {
      return amount * 2n
    }
  }
  return defined(by === 'one' ? One : Other, {})
}

function withdrawalsToo(): ProjectionClass {
  class Sums extends table({}) {
    deposited({ amount }: MoneyDeposited, row: SumRow) {
      row.sum += amount
    }
  }
  const also = { deposited: MoneyDeposited, withdrawn: MoneyWithdrawn }
  Object.assign(Sums.prototype, { withdrawn: () => undefined })
  return defineProjection(Sums, { name: 'sums', version: 1, from: [Account], projects: also })
}

function defined(projection: ProjectionClass, options: Partial<ProjectionOptions>): ProjectionClass {
  return defineProjection(projection, {
    name: 'sums',
    version: 1,
    from: [Account],
    projects: { deposited: MoneyDeposited } as never,
    ...options,
  })
}

function modelOf(projection: ProjectionClass) {
  const faults: string[] = []
  const model = projectionModelOf(projection, faults)
  if (model === undefined || faults.length > 0) throw new Error(faults.join())
  return model
}

const fingerprint = (projection: ProjectionClass): string => definitionFingerprint(modelOf(projection))

describe('the fingerprint of a definition', () => {
  it('is the same for what the same code says, made again', () => {
    expect(fingerprint(sums())).toMatch(/^[0-9a-f]{64}$/)
    expect(fingerprint(sums())).toBe(fingerprint(sums()))
  })

  it.each([
    ['a handler does something else', sumsOfMore()],
    ['another type of event is handled', withdrawalsToo()],
    ['the version is raised', sums({ version: 2 })],
    ['a column begins with another value', sums({}, { initial: 5n })],
    ['there is another index', sums({}, { indexed: true })],
    ['it is inline', sums({ inline: true })],
    ['it reads another aggregate', sums({ from: [Vault] })],
    ['it has a key', sums({ key: () => 'all', across: 'commutative' })],
  ])('is another one when %s', (_, changed) => {
    expect(fingerprint(changed)).not.toBe(fingerprint(sums()))
  })

  it('is another one when only a private method is, or what the class extends', () => {
    class Derived extends Statements {}
    const derived = defineProjection(Derived, {
      name: 'd',
      version: 1,
      from: [Account],
      projects: {},
    })
    class DerivedWider extends WiderStatements {}
    const wider = defineProjection(DerivedWider, {
      name: 'd',
      version: 1,
      from: [Account],
      projects: {},
    })

    expect(fingerprint(sumsByPrivateMethod('one'))).not.toBe(fingerprint(sumsByPrivateMethod('other')))
    expect(fingerprintOfFaulty(derived)).not.toBe(fingerprintOfFaulty(wider))
  })

  it('sees the tables of a SQL projection', () => {
    expect(fingerprint(Statements)).not.toBe(fingerprint(WiderStatements))
  })
})

/** Without handlers of its own a class is refused at start, which does not matter here. */
function fingerprintOfFaulty(projection: ProjectionClass): string {
  const model = projectionModelOf(projection, [])
  return model === undefined ? '' : definitionFingerprint(model)
}

describe('the keying of a definition', () => {
  it('is told by the text of its key function and how lanes may meet', () => {
    const keyed = modelOf(sums({ key: (_event, { stream }) => stream.id, across: 'commutative' }))

    expect(keyingOf(modelOf(sums()))).toBe('by stream')
    expect(keyingOf(keyed)).toMatch(/^by key function [0-9a-f]{16}, commutative$/)
    expect(keyingOf(keyed)).not.toBe(keyingOf(modelOf(sums({ key: () => 'x', across: 'commutative' }))))
  })
})
