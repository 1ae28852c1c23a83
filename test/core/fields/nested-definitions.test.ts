import { describe, expect, it } from 'vitest'
import { DefinitionError } from '../../../src/core/errors/index.js'
import { DomainEvent, eventFaults } from '../../../src/core/event.js'
import {
  array,
  decimal,
  double,
  type Field,
  fieldFaults,
  int,
  long,
  map,
  optional,
  record,
  string,
} from '../../../src/core/fields/index.js'

const frozenArray = array(int(), [1])

describe('an initial value of several', () => {
  it('is a copy that nobody can change, and fits', () => {
    const rates = new Map([['EUR', 1n]])
    const field = map(long(), rates)
    rates.clear()

    expect(field.faults).toEqual([])
    expect(field.initial).toEqual(new Map([['EUR', 1n]]))
    expect(array(string(), []).initial).toEqual([])
    expect(Object.isFrozen(frozenArray.initial)).toBe(true)
  })

  it.each([
    [array(int(), [1, 1.5]), 'its initial value at [1] must be a whole number'],
    [map(int(), {} as never), 'its initial value must be a Map, not an object'],
    [record({ a: string() }, {} as never), 'its initial value at a is missing'],
  ])('is a fault of the definition when it does not fit (case %#)', (field, fault) => {
    expect(field.faults).toEqual([fault])
  })
})

describe('the faults of a definition', () => {
  it('are found at every level, and named from the outside in', () => {
    const faults = fieldFaults({
      a: array(record({ 'b-c': string(), d: decimal(0, 0), e: map(long(2n ** 63n)) })),
      f: array('string' as never),
      g: map(optional(string()) as never),
      h: record('fields' as never),
      i: record({ j: 'string' as never }),
      k: array(double(NaN), [1]),
    })

    expect(faults).toEqual([
      expect.stringContaining('field a: its elements: the field name "b-c" must match'),
      'field a: its elements: field d: its precision must be a whole number of 1 to 1000',
      'field a: its elements: field e: its values: its initial value must fit into 64 bits',
      'field f: its elements must be made with string(), long() or the like',
      'field g: its values must not be optional, since none of them can be absent',
      'field h: its fields must be an object',
      'field i: field j must be made with string(), long() or the like',
      'field k: its elements: its initial value must be a finite number',
    ])
  })

  it('keep an event from being made', () => {
    class Broken extends DomainEvent('Broken', { a: array(optional(string()) as never) }) {}

    expect(() => new Broken({ a: [] })).toThrow(DefinitionError)
  })

  it('bound the nesting', () => {
    const nested = (levels: number): Field<unknown> =>
      levels === 0
        ? string()
        : levels % 2 === 0
          ? array(nested(levels - 1))
          : record({ a: nested(levels - 1) })
    class Deep extends DomainEvent('Deep', { it: nested(33) }) {}

    expect(nested(32)).toMatchObject({ depth: 32, faults: [] })
    expect(eventFaults(Deep)).toEqual(['event Deep: field it: must not be nested more than 32 levels deep'])
    expect(nested(500).faults).toHaveLength(1)
  })
})
