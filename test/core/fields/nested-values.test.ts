import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { InvalidValue } from '../../../src/core/errors/index.js'
import { DomainEvent } from '../../../src/core/event.js'
import {
  array,
  checkRecord,
  decimal,
  type Field,
  int,
  long,
  map,
  optional,
  record,
  string,
  timestamp,
  type ValueOf,
  type Values,
} from '../../../src/core/fields/index.js'
import { definitions, valuesOf } from '../../support/field-kinds.js'

const throughJson = (field: Field<unknown>, value: unknown) =>
  field.fromJson(JSON.parse(JSON.stringify(field.toJson(value))))

const order = {
  id: string(),
  lines: array(record({ sku: string(), price: decimal(10, 2), note: optional(string()) })),
  address: record({ city: string(), since: timestamp() }),
  rates: map(long()),
  labels: optional(map(array(string()))),
}
class OrderPlaced extends DomainEvent('OrderPlaced', order) {}

describe('a field of any nesting', () => {
  it('takes each of its values, and gives an equal one back through JSON', () => {
    const cases = definitions.chain((field) => fc.tuple(fc.constant(field), valuesOf(field)))
    fc.assert(
      fc.property(cases, ([field, value]) => {
        deepStrictEqual(field.faults, [])
        deepStrictEqual(field.check(value, 'it'), [])
        deepStrictEqual(throughJson(field, value), field.copy(value))
      }),
      { numRuns: 500 },
    )
  })

  it('gives a type to each level', () => {
    expectTypeOf<Values<typeof order>>().toEqualTypeOf<{
      readonly id: string
      readonly lines: readonly {
        readonly sku: string
        readonly price: string
        readonly note?: string | undefined
      }[]
      readonly address: { readonly city: string; readonly since: Date }
      readonly rates: ReadonlyMap<string, bigint>
      readonly labels?: ReadonlyMap<string, readonly string[]> | undefined
    }>()
    expectTypeOf<ValueOf<ReturnType<typeof array<number>>>>().toEqualTypeOf<readonly number[]>()
    // @ts-expect-error a number where a record of longs is declared
    record({ amount: long() }, { amount: 5 })
    // @ts-expect-error elements that may be absent
    array(optional(string()))
    // @ts-expect-error values that may be absent
    map(optional(string()))
  })
})

describe('the check of nested values', () => {
  it('collects every violation with its full path', () => {
    const wrong = {
      id: 5,
      lines: [{ sku: 'x', price: '1.50' }, null, { sku: 1, price: '1.5', more: true }],
      address: { since: 'now' },
      rates: new Map<unknown, unknown>([
        ['EUR', 1],
        ['a"b', 1n],
        [7, 1n],
        ['\0', 2n],
      ]),
      labels: new Map([['x', ['fine', undefined]]]),
    }

    expect(() => new OrderPlaced(wrong as never)).toThrow(InvalidValue)
    expect(checkRecord(order, wrong)).toEqual([
      { path: 'id', problem: 'must be a string, not a number' },
      { path: 'lines[1]', problem: 'must be an object, not null' },
      { path: 'lines[2].sku', problem: 'must be a string, not a number' },
      {
        path: 'lines[2].price',
        problem: 'must be a decimal with exactly 2 digits after the point and no leading zeros',
      },
      { path: 'lines[2].more', problem: 'is not declared' },
      { path: 'address.city', problem: 'is missing' },
      { path: 'address.since', problem: 'must be a Date, not a string' },
      { path: 'rates["EUR"]', problem: 'must be a bigint, not a number' },
      { path: 'rates[?]', problem: 'has a key that must be a string, not a number' },
      { path: 'rates["\\u0000"]', problem: 'has a key that must hold neither U+0000 nor a lone surrogate' },
      { path: 'labels["x"][1]', problem: 'must be a string, not undefined' },
    ])
  })

  it.each([
    [array(string()), {}, 'must be an array, not an object'],
    [array(string()), new Set(['x']), 'must be an array, not a Set'],
    [array(string()), 'text', 'must be an array, not a string'],
    [map(string()), { a: 'x' }, 'must be a Map, not an object'],
    [map(string()), [['a', 'x']], 'must be a Map, not an array'],
    [record({ a: optional(string()) }), new Map([['a', 'x']]), 'must be an object, not a Map'],
    [record({ a: optional(string()) }), new Date(), 'must be an object, not a Date'],
    [record({ a: optional(string()) }), Promise.resolve(), 'must be an object, not a Promise'],
    [record({ a: optional(string()) }), [], 'must be an object, not an array'],
    [record({ a: optional(string()) }), null, 'must be an object, not null'],
  ])('refuses what only resembles a value (case %#)', (field, value, problem) => {
    expect(field.check(value, 'it')).toEqual([{ path: 'it', problem }])
  })

  it('counts the holes of an array as absent elements', () => {
    expect(array(int()).check([1, , 3], 'it')).toEqual([
      { path: 'it[1]', problem: 'must be a number, not undefined' },
    ])
  })

  it('reports as many violations as there are, in a message that stays readable', () => {
    const numbers = Array.from({ length: 300_000 }, () => 'x')
    class Counted extends DomainEvent('Counted', { numbers: array(int()) }) {}
    let failure: unknown
    try {
      new Counted({ numbers: numbers as never })
    } catch (error) {
      failure = error
    }

    expect(failure).toBeInstanceOf(InvalidValue)
    const { violations, message } = failure as InvalidValue
    expect(violations).toHaveLength(300_000)
    expect(violations.at(-1)?.path).toBe('numbers[299999]')
    expect(message.length).toBeLessThan(5_000)
    expect(message).toContain('; and 299950 more')
  })

  it('shows no more of a key than tells it apart', () => {
    const [violation] = map(int()).check(new Map([['k'.repeat(1_000_000), 'x']]), 'it')

    expect(violation?.path).toBe(`it["${'k'.repeat(60)}…"]`)
  })

  it('takes huge arrays and maps', () => {
    const numbers = Array.from({ length: 200_000 }, (_, index) => index)
    const entries = numbers.map((it) => [`key ${it}`, it] as const)

    expect(throughJson(array(int()), numbers)).toEqual(numbers)
    expect(throughJson(map(int()), new Map(entries))).toEqual(new Map(entries))
  })
})
