import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  checkRecord,
  fieldFaults,
  long,
  optional,
  readRecord,
  string,
  timestamp,
  writeRecord,
} from '../../../src/core/fields/index.js'
import { InvalidValue } from '../../../src/core/errors/index.js'

const fields = { owner: string(), amount: long(), at: timestamp(), reference: optional(string()) }
const at = new Date(0)

describe('checkRecord', () => {
  it('finds nothing in values that fit, whether the optional one is there, undefined or absent', () => {
    expect(checkRecord(fields, { owner: 'x', amount: 1n, at, reference: 'r' })).toEqual([])
    expect(checkRecord(fields, { owner: 'x', amount: 1n, at, reference: undefined })).toEqual([])
    expect(checkRecord(fields, { owner: 'x', amount: 1n, at })).toEqual([])
  })

  it('collects every violation with its path', () => {
    const violations = checkRecord(fields, { owner: 5, at: 'now', extra: 1, reference: null })

    expect(violations).toEqual([
      { path: 'owner', problem: 'must be a string, not a number' },
      { path: 'amount', problem: 'is missing' },
      { path: 'at', problem: 'must be a Date, not a string' },
      { path: 'reference', problem: 'must be a string, not null' },
      { path: 'extra', problem: 'is not declared' },
    ])
  })

  it('refuses an own __proto__, and takes nothing from what every object inherits', () => {
    const hostile: unknown = JSON.parse('{"owner":"x","amount":1,"at":0,"__proto__":{"amount":1}}')

    expect(checkRecord(fields, hostile)).toContainEqual({ path: '__proto__', problem: 'is not declared' })
    expect(checkRecord({ toString: string() }, {})).toEqual([{ path: 'toString', problem: 'is missing' }])
  })

  it.each([[null], [undefined], ['text'], [[]]])('refuses %o in place of a record', (values) => {
    expect(checkRecord(fields, values)).toHaveLength(1)
  })
})

describe('readRecord', () => {
  it('gives back what writeRecord was given', () => {
    const record = fc.record(
      {
        owner: fc.string(),
        amount: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
        at: fc.date({ min: at, noInvalidDate: true, max: new Date('9999-12-31') }),
        reference: fc.string(),
      },
      { requiredKeys: ['owner', 'amount', 'at'], noNullPrototype: true },
    )
    fc.assert(
      fc.property(record, (values) => {
        fc.pre(checkRecord(fields, values).length === 0)
        const json: unknown = JSON.parse(JSON.stringify(writeRecord(fields, values)))
        expect(readRecord(fields, json, 'it')).toStrictEqual(values)
      }),
    )
  })

  it('gives a field that is younger than the record its initial value', () => {
    expect(readRecord({ fee: long(0n), note: optional(string()) }, {}, 'it')).toStrictEqual({ fee: 0n })
  })

  it('leaves out what is no longer declared', () => {
    expect(readRecord({ fee: long() }, { fee: '1', given: 'up' }, 'it')).toStrictEqual({ fee: 1n })
  })

  it('throws every violation at once, and shows no value', () => {
    const read = () => readRecord(fields, { owner: 'x', amount: 'secret', at: 'secret' }, 'MoneyDeposited')

    expect(read).toThrow(InvalidValue)
    expect(read).toThrow(
      'invalid values for MoneyDeposited: amount must be a bigint, not a string; at must be a Date, not a string',
    )
  })
})

describe('writeRecord', () => {
  it('writes keys in the order of the fields, and none for what is undefined', () => {
    const json = writeRecord(fields, { reference: undefined, at, amount: 10n, owner: 'x' })

    expect(JSON.stringify(json)).toBe('{"owner":"x","amount":"10","at":"1970-01-01T00:00:00.000Z"}')
  })
})

describe('fieldFaults', () => {
  it('refuses __proto__, unsafe names, and what is no field', () => {
    const faults = fieldFaults({
      ['__proto__']: string(),
      'a-b': string(),
      plain: 'string',
      fee: long(2n ** 63n),
    })

    expect(faults).toEqual([
      'the field name "__proto__" is reserved',
      expect.stringContaining('the field name "a-b" must match'),
      'field plain must be made with string(), long() or the like',
      'field fee: its initial value must fit into 64 bits',
    ])
  })
})
