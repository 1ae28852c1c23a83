import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  boolean,
  bytes,
  date,
  decimal,
  double,
  enumeration,
  type Field,
  int,
  long,
  optional,
  string,
  timestamp,
  timestampMicros,
  uuid,
} from '../../../src/core/fields/index.js'
import { valuesOf } from '../../support/field-kinds.js'

const earliest = new Date('0001-01-01T00:00:00.000Z')
const latest = new Date('9999-12-31T23:59:59.999Z')
const instants = fc.date({ min: earliest, max: latest, noInvalidDate: true })
const texts = fc.string({ unit: 'binary' }).filter((it) => !it.includes('\0'))

interface Kind {
  readonly name: string
  readonly field: Field<unknown>
  readonly values: fc.Arbitrary<unknown>
  readonly refused: readonly unknown[]
}

const kinds: readonly Kind[] = [
  {
    name: 'string',
    field: string(),
    values: texts,
    refused: [1, null, undefined, {}, 'a\0b', '\ud800', 'x\udc00y'],
  },
  {
    name: 'int',
    field: int(),
    values: fc.integer(),
    refused: [1.5, NaN, Infinity, 2 ** 31, -(2 ** 31) - 1, 1n, '1', null],
  },
  {
    name: 'long',
    field: long(),
    values: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    refused: [1, '1', 2n ** 63n, -(2n ** 63n) - 1n, null],
  },
  { name: 'boolean', field: boolean(), values: fc.boolean(), refused: [0, 'true', null] },
  {
    name: 'uuid',
    field: uuid(),
    values: fc.uuid(),
    refused: ['', 'x', '018F2A3B-0000-7000-8000-000000000000', '018f2a3b00007000800000000000000f', 1, null],
  },
  {
    name: 'timestamp',
    field: timestamp(),
    values: instants,
    refused: [
      new Date(NaN),
      new Date(latest.getTime() + 1),
      new Date(earliest.getTime() - 1),
      '2026-01-01T00:00:00.000Z',
      0,
      null,
    ],
  },
  {
    name: 'date',
    field: date(),
    values: instants.map((it) => it.toISOString().slice(0, 10)),
    refused: [
      '2026-02-30',
      '2026-13-01',
      '2025-02-29',
      '0000-01-01',
      '26-01-01',
      '2026-1-1',
      '2026-01-01T',
      null,
    ],
  },
  {
    name: 'double',
    field: double(),
    values: valuesOf(double()),
    refused: [NaN, Infinity, -Infinity, '1', 1n, null],
  },
  {
    name: 'decimal',
    field: decimal(5, 2),
    values: valuesOf(decimal(5, 2)),
    refused: [
      '1',
      '1.5',
      '1.500',
      '01.50',
      '.50',
      '1.',
      '+1.50',
      '-0.00',
      '1000.00',
      '-1000.00',
      '1e1',
      '1,50',
      ' 1.50',
      '1.50\n',
      'NaN',
      1.5,
      null,
    ],
  },
  {
    name: 'decimal without a fraction',
    field: decimal(3, 0),
    values: valuesOf(decimal(3, 0)),
    refused: ['1.0', '1.', '-0', '00', '1000', 1n],
  },
  {
    name: 'decimal that is all fraction',
    field: decimal(2, 2),
    values: valuesOf(decimal(2, 2)),
    refused: ['1.00', '.50', '-0.00', '0.5'],
  },
  {
    name: 'timestampMicros',
    field: timestampMicros(),
    values: valuesOf(timestampMicros()),
    refused: [0, '0', new Date(0), -62135596800000001n, 253402300800000000n, null],
  },
  {
    name: 'bytes',
    field: bytes(),
    values: valuesOf(bytes()),
    refused: ['AA==', [1], new Uint16Array(1), new ArrayBuffer(1), { length: 1 }, null],
  },
  {
    name: 'enumeration',
    field: enumeration(['credit', 'debit']),
    values: fc.constantFrom('credit', 'debit'),
    refused: ['Credit', '', 0, null, undefined],
  },
]

describe.each(kinds)('$name', ({ field, values, refused }) => {
  it('takes each of its values, and gives an equal one back through JSON', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(field.check(value, 'it')).toEqual([])
        const back = field.fromJson(JSON.parse(JSON.stringify(field.toJson(value))))
        expect(back).toStrictEqual(field.copy(value))
      }),
    )
  })

  it.each(refused.map((value) => [value]))('refuses %o, naming the path', (value) => {
    expect(field.check(value, 'path.to.it')).toEqual([
      { path: 'path.to.it', problem: expect.any(String) as string },
    ])
  })

  it('leaves JSON that stands for none of its values to be refused', () => {
    for (const json of [null, [], {}, 1.5, 'none of these']) {
      const value = field.fromJson(json)
      const fits =
        (field.kind === 'string' && typeof json === 'string') ||
        (field.kind === 'double' && typeof json === 'number')
      if (!fits) expect(field.check(value, 'it')).not.toEqual([])
    }
  })

  it('is absent or present when optional, and null is neither', () => {
    const maybe = optional(field)

    expect(maybe).toMatchObject({ kind: field.kind, optional: true })
    expect(maybe.check(undefined, 'it')).toEqual([])
    expect(maybe.check(null, 'it')).not.toEqual([])
  })
})

describe.each([
  ['int', int()],
  ['double', double()],
])('%s', (_, field) => {
  it('turns −0 into 0, which is what JSON and Postgres would make of it', () => {
    expect([field.copy(-0), field.toJson(-0), field.fromJson(-0)]).toEqual([0, 0, 0])
  })
})

describe('decimal', () => {
  it('says what is wrong with a value without showing it', () => {
    const problem = (value: unknown) =>
      decimal(5, 2)
        .check(value, '')
        .map((it) => it.problem)

    expect(problem(1.5)).toEqual(['must be a decimal string, not a number'])
    expect(problem('1.5')).toEqual([
      'must be a decimal with exactly 2 digits after the point and no leading zeros',
    ])
    expect(problem('-0.00')).toEqual(['must not be a negative zero'])
    expect(problem('1234.00')).toEqual(['must have at most 3 digits before the point'])
    expect(decimal(400, 399).check(`-0.${'0'.repeat(398)}1`, '')).toEqual([])
  })

  it.each([
    [decimal(0, 0), 'its precision must be a whole number of 1 to 1000'],
    [decimal(1001, 0), 'its precision must be a whole number of 1 to 1000'],
    [decimal(1.5, 0), 'its precision must be a whole number of 1 to 1000'],
    [decimal('9' as never, 2), 'its precision must be a whole number of 1 to 1000'],
    [decimal(5, 6), 'its scale must be a whole number of 0 to its precision, 5'],
    [decimal(5, -1), 'its scale must be a whole number of 0 to its precision, 5'],
    [decimal(5, undefined as never), 'its scale must be a whole number of 0 to its precision, 5'],
  ])('has a fault when its digits make no numeric of Postgres (case %#)', (field, fault) => {
    expect(field.faults).toEqual([fault])
  })
})

describe('bytes', () => {
  it('copies them, so that neither the giver nor a pool of buffers can change them afterwards', () => {
    const given = Buffer.from('secret')
    const kept = bytes().copy(given)
    given.fill(0)

    expect(Buffer.from(kept).toString()).toBe('secret')
    expect(kept).not.toBeInstanceOf(Buffer)
    expect(kept.buffer.byteLength).toBe(6)
  })

  it('writes what a view shows, not the memory around it', () => {
    const memory = Uint8Array.from([1, 2, 3, 4])

    expect(bytes().toJson(memory.subarray(1, 3))).toBe('AgM=')
  })

  it.each(['AgM', 'AgN=', 'AgM=\n', 'AgM-', ' AgM=', '===='])('does not read %o as bytes', (json) => {
    expect(bytes().fromJson(json)).toBe(json)
  })
})

describe('long', () => {
  it.each(['01', '-0', '+1', '1.0', '', ' 1', '1'.repeat(40)])('does not read %o as a number', (json) => {
    expect(long().fromJson(json)).toBe(json)
  })
})

describe('timestamp', () => {
  it('copies the Date, so that nobody can change it afterwards', () => {
    const given = new Date(0)
    const kept = timestamp().copy(given)
    given.setTime(1)

    expect(kept).toEqual(new Date(0))
  })

  it.each(['2026-02-30T00:00:00.000Z', '2026-01-01T00:00:00Z', '2026-01-01', '+12026-01-01T00:00:00.00Z'])(
    'does not read %o as an instant',
    (json) => {
      expect(timestamp().fromJson(json)).toBe(json)
    },
  )
})

describe('a field with an initial value', () => {
  it('has no fault when the value fits', () => {
    expect(long(0n)).toMatchObject({ initial: 0n, faults: [] })
    expect(decimal(12, 2, '0.00')).toMatchObject({ initial: '0.00', faults: [] })
  })

  it('keeps a copy of the value', () => {
    const given = new Date(0)
    const field = timestamp(given)
    given.setTime(1)

    expect(field.initial).toEqual(new Date(0))
  })

  it.each([
    [long(2n ** 63n), 'its initial value must fit into 64 bits'],
    [date('2026-02-30'), 'its initial value must be a day of the calendar, written YYYY-MM-DD'],
    [
      decimal(5, 2, '0'),
      'its initial value must be a decimal with exactly 2 digits after the point and no leading zeros',
    ],
    [double(NaN), 'its initial value must be a finite number'],
    [bytes('AA==' as never), 'its initial value must be a Uint8Array, not a string'],
    [enumeration([]), 'its list of values is empty'],
    [enumeration(['a', 'a']), 'its value 1 is there twice'],
  ])('has a fault when it does not fit (case %#)', (field, fault) => {
    expect(field.faults).toEqual([fault])
  })
})
