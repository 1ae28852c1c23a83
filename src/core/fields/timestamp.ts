import type { Field } from './field.js'
import { kindOf } from './kind-of.js'
import { scalarField } from './scalar-field.js'

const earliest = Date.parse('0001-01-01T00:00:00.000Z')
const latest = Date.parse('9999-12-31T23:59:59.999Z')
const isoLength = '0001-01-01T00:00:00.000Z'.length

/**
 * An instant in milliseconds, of the years 1 to 9999. Dates are copied, so that nobody can move an instant later.
 *
 * @example
 * DomainEvent('AccountOpened', { openedAt: timestamp() })
 */
export function timestamp(initial?: Date): Field<Date> {
  return scalarField({
    kind: 'timestamp',
    initial,
    problemOf,
    copy: (value) => new Date(value),
    toJson: (value) => value.toISOString(),
    fromJson: instantOf,
  })
}

function problemOf(value: unknown): string | undefined {
  if (!(value instanceof Date)) return `must be a Date, not ${kindOf(value)}`
  const time = value.getTime()
  // NaN, the time of an invalid Date, is neither.
  return time >= earliest && time <= latest ? undefined : 'must be a valid Date of the years 1 to 9999'
}

function instantOf(json: unknown): unknown {
  if (typeof json !== 'string' || json.length !== isoLength) return json
  const instant = new Date(json)
  // Date takes many forms, and moves February 30 to March: only what it would write itself is an instant.
  return !Number.isNaN(instant.getTime()) && instant.toISOString() === json ? instant : json
}
