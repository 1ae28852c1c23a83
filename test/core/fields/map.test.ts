import { deepStrictEqual } from 'node:assert/strict'
import { describe, expect, it } from 'vitest'
import { type Field, int, map, optional, record, string } from '../../../src/core/fields/index.js'

const throughJson = (field: Field<unknown>, value: unknown) =>
  field.fromJson(JSON.parse(JSON.stringify(field.toJson(value))))

describe('map', () => {
  it('iterates in the order of its keys, so that a fold over it is the same on every read', () => {
    const field = map(int())
    const one = field.copy(
      new Map([
        ['b', 1],
        ['a', 2],
        ['B', 3],
        ['10', 4],
        ['9', 5],
      ]),
    )

    expect([...one.keys()]).toEqual(['10', '9', 'B', 'a', 'b'])
    const jumbled = field.fromJson([
      ['b', 1],
      ['a', 2],
    ]) as ReadonlyMap<string, number>
    expect([...jumbled.keys()]).toEqual(['a', 'b'])
  })

  it('keeps keys that would be dangerous in an object', () => {
    const field = map(record({ admin: optional(string()) }))
    const hostile = new Map([
      ['__proto__', { admin: 'yes' }],
      ['constructor', {}],
      ['', {}],
    ])

    const back = throughJson(field, hostile)

    deepStrictEqual(back, field.copy(hostile))
    expect(Reflect.get({}, 'admin')).toBeUndefined()
  })

  it.each([
    [{ a: 1 }],
    [[['a']]],
    [[['a', 1, 2]]],
    [[[1, 1]]],
    [
      [
        ['a', 1],
        ['a', 2],
      ],
    ],
    [['a', 1]],
    [null],
    ['a'],
  ])('does not read %j as a map', (json) => {
    const field = map(int())

    expect(field.check(field.fromJson(json), 'it')).toHaveLength(1)
  })
})
