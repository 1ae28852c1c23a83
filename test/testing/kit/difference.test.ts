import { difference } from 'reprise/testing'
import { describe, expect, it } from 'vitest'
import { MoneyDeposited, MoneyWithdrawn } from '../../support/bank.js'

const cyclic = (name: string) => {
  const value: Record<string, unknown> = { name }
  value['self'] = value
  return value
}

describe('difference', () => {
  it.each([
    [1n, 1n],
    [0, -0],
    [NaN, NaN],
    [{ a: 1, b: undefined }, { a: 1 }],
    [new Date(5), new Date(5)],
    [new Date(NaN), new Date(NaN)],
    [Buffer.from([1, 2]), new Uint8Array([1, 2])],
    [new Map([['a', { b: 1n }]]), new Map([['a', { b: 1n }]])],
    [new Set([1]), new Set([1])],
    [cyclic('a'), cyclic('a')],
    [[new MoneyDeposited({ amount: 1n })], [new MoneyDeposited({ amount: 1n, reference: undefined })]],
    [{ id: '1', loan: null }, { id: '1' }],
    [[{ id: '1', loan: null }], [{ id: '1' }]],
    [[{ id: '1' }], [{ id: '1', loan: null }]],
    [[{ id: '1', loan: null }], [{ id: '1', loan: undefined }]],
  ])('finds none between %o and %o', (actual, expected) => {
    expect(difference(actual, expected)).toBeUndefined()
  })

  it.each([
    [1n, 1, 'expected 1, found 1n'],
    [null, undefined, 'expected undefined, found null'],
    [[1, 2], [1], '[1]: expected nothing, found 2'],
    [[{ loan: null }], [{ loan: '7' }], "[0].loan: expected '7', found nothing"],
    [[{ loan: '7' }], [{ loan: null }], "[0].loan: expected nothing, found '7'"],
    [[{ a: { b: null } }], [{ a: {} }], '[0].a.b: expected nothing, found null'],
    [[null], [], '[0]: expected nothing, found null'],
    [{ a: { b: [1] } }, { a: { b: [2] } }, 'a.b[0]: expected 2, found 1'],
    [{ 'a b': 1 }, { 'a b': 2 }, '["a b"]: expected 2, found 1'],
    [new Date(0), new Date(1), 'expected 1970-01-01T00:00:00.001Z, found 1970-01-01T00:00:00.000Z'],
    [new Date(0), {}, 'expected {}, found 1970-01-01T00:00:00.000Z'],
    [new Uint8Array([1]), new Uint8Array([2]), 'expected Uint8Array(1) [ 2 ], found Uint8Array(1) [ 1 ]'],
    [
      new Map([['a', 1]]),
      new Map([['b', 1]]),
      '.get("b"): expected 1, found nothing\n.get("a"): expected nothing, found 1',
    ],
    [new Set([1]), new Set([2]), 'expected Set(1) { 2 }, found Set(1) { 1 }'],
    [cyclic('a'), cyclic('b'), "name: expected 'b', found 'a'"],
    [
      new MoneyDeposited({ amount: 1n }),
      new MoneyWithdrawn({ amount: 1n }),
      'expected MoneyWithdrawn { amount: 1n }, found MoneyDeposited { amount: 1n }',
    ],
    [
      [new MoneyDeposited({ amount: 1n })],
      [new MoneyDeposited({ amount: 2n })],
      'event 1 (MoneyDeposited), amount: expected 2n, found 1n',
    ],
  ])('tells the one between %o and %o', (actual, expected, text) => {
    expect(difference(actual, expected)).toBe(text)
  })

  it('shows twenty lines at the most', () => {
    const lines = difference(
      Array.from({ length: 25 }, () => 0),
      Array.from({ length: 25 }, () => 1),
    )?.split('\n')

    expect(lines).toHaveLength(21)
    expect(lines?.at(-1)).toBe('and 5 more differences')
  })
})
