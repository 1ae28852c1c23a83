import { describe, expect, it } from 'vitest'
import { array, type Field, long, optional, record, string } from '../../../src/core/fields/index.js'

describe('record', () => {
  it('gives a field that is younger than the JSON its initial value, and leaves out what is not declared', () => {
    const field = record({ fee: long(1n), tags: array(string(), []), note: optional(string()) })

    expect(field.fromJson({ given: 'up' })).toStrictEqual({ fee: 1n, tags: [] })
  })

  it('takes nothing from a prototype, be it given in JSON', () => {
    const field = record({ admin: optional(string()), toString: optional(string()) })
    const hostile: unknown = JSON.parse('{"__proto__":{"admin":"yes"}}')

    expect(field.fromJson(hostile)).toStrictEqual({})
    expect(field.check(hostile, 'it')).toEqual([{ path: 'it.__proto__', problem: 'is not declared' }])
    expect(field.check(Object.create({ admin: 1 }), 'it')).toEqual([])
  })

  it('is not changed by who changes the object of fields afterwards', () => {
    const fields: Record<string, Field<unknown>> = { a: string() }
    const field = record(fields)
    delete fields['a']

    expect(field.check({ a: 'x' }, '')).toEqual([])
  })

  it('leaves JSON that is no object as it is', () => {
    const json = ['x']

    expect(record({}).fromJson(json)).toBe(json)
    expect(Object.isFrozen(json)).toBe(false)
  })
})
