import fc from 'fast-check'
import {
  array,
  boolean,
  bytes,
  date,
  decimal,
  double,
  enumeration,
  type Field,
  type FieldKind,
  int,
  long,
  map,
  optional,
  record,
  string,
  timestamp,
  timestampMicros,
  uuid,
} from '../../src/core/fields/index.js'

type AnyField = Field<unknown, boolean>

const earliest = new Date('0001-01-01T00:00:00.000Z')
const latest = new Date('9999-12-31T23:59:59.999Z')
const instants = fc.date({ min: earliest, max: latest, noInvalidDate: true })
const dangerousTexts = fc.constantFrom(
  '__proto__',
  'constructor',
  'toString',
  '',
  'NULL',
  '\\',
  '"{},',
  '1',
  '𝄞',
)
export const texts = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'binary' }).filter((it) => !it.includes('\0')) },
  dangerousTexts,
)

/** The values of a kind, the ends of its range among them. */
const VALUES: Readonly<Record<FieldKind, (field: AnyField) => fc.Arbitrary<unknown>>> = {
  string: () => texts,
  int: () => fc.oneof(fc.integer(), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, 0, -0)),
  long: () =>
    fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n)),
  double: () =>
    fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(-0, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 0.1 + 0.2, 1e21, 2 ** 53),
    ),
  decimal: (field) => decimalsOf(field.precision ?? 0, field.scale ?? 0),
  boolean: () => fc.boolean(),
  uuid: () => fc.uuid(),
  timestamp: () => fc.oneof(instants, fc.constantFrom(earliest, latest)),
  timestampMicros: () => {
    const [min, max] = [BigInt(earliest.getTime()) * 1000n, BigInt(latest.getTime()) * 1000n + 999n]
    return fc.oneof(fc.bigInt(min, max), fc.constantFrom(min, max))
  },
  date: () =>
    fc.oneof(
      instants.map((it) => it.toISOString().slice(0, 10)),
      fc.constantFrom('0001-01-01', '0999-12-31', '2024-02-29', '9999-12-31'),
    ),
  enumeration: (field) => fc.constantFrom(...(field.values ?? [])),
  bytes: () => fc.oneof(fc.uint8Array(), fc.uint8Array({ minLength: 100, maxLength: 400 })),
  map: (field) => fc.array(fc.tuple(texts, elementsOf(field)), { maxLength: 5 }).map((it) => new Map(it)),
  array: (field) => fc.array(elementsOf(field), { maxLength: 5 }),
  record: ({ fields = {} }) =>
    fc.record(Object.fromEntries(Object.entries(fields).map(([name, it]) => [name, valuesOf(it)])), {
      requiredKeys: Object.keys(fields).filter((name) => fields[name]?.optional === false),
      noNullPrototype: true,
    }),
}

/** Values of any field, whatever it is made of. */
export function valuesOf(field: AnyField): fc.Arbitrary<unknown> {
  const values = VALUES[field.kind](field)
  return field.optional ? fc.option(values, { nil: undefined, freq: 3 }) : values
}

function elementsOf({ element }: AnyField): fc.Arbitrary<unknown> {
  return element === undefined ? fc.constant(undefined) : valuesOf(element)
}

function decimalsOf(precision: number, scale: number): fc.Arbitrary<string> {
  const most = 10n ** BigInt(precision) - 1n
  return fc.oneof(fc.bigInt(-most, most), fc.constantFrom(-most, most, 0n, -1n)).map((unscaled) => {
    const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
    const whole = digits.slice(0, digits.length - scale)
    const fraction = scale === 0 ? '' : `.${digits.slice(-scale)}`
    return `${unscaled < 0n ? '-' : ''}${whole}${fraction}`
  })
}

/** One field of each kind at least. */
export const oneOfEachKind = {
  text: string(),
  small: int(),
  large: long(),
  measure: double(),
  money: decimal(12, 2),
  whole: decimal(30, 0),
  share: decimal(6, 6),
  huge: decimal(1000, 500),
  flag: boolean(),
  ref: uuid(),
  moment: timestamp(),
  micros: timestampMicros(),
  day: date(),
  side: enumeration(['plain', 'with "quotes", {braces} and \\']),
  blob: bytes(),
  rates: map(long()),
  address: record({ street: string(), zip: optional(string()), since: timestamp() }),
  lines: array(
    record({ sku: string(), price: decimal(10, 2), seen: map(bytes()), note: optional(string()) }),
  ),
  note: optional(string()),
  tags: optional(array(string())),
} as const

const everyField: readonly AnyField[] = Object.values(oneOfEachKind)
const singleValues = everyField.filter(isSingleValue)

/** Definitions of fields, each a few levels deep at the most. */
export const definitions: fc.Arbitrary<Field<unknown>> = fc.letrec<{ field: Field<unknown> }>((tie) => ({
  field: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...singleValues),
    tie('field').map((it) => array(it)),
    tie('field').map((it) => map(it)),
    fc
      .dictionary(
        fc.constantFrom('a', 'b', 'constructor', 'toString', 'then'),
        fc.tuple(tie('field'), fc.boolean()),
      )
      .map((fields) =>
        record(
          Object.fromEntries(
            Object.entries(fields).map(([name, [it, absent]]) => [name, absent ? optional(it) : it]),
          ),
        ),
      ),
  ),
})).field

function isSingleValue(field: AnyField): field is Field<unknown> {
  return field.depth === 0 && !field.optional
}
