import type { Field } from './field.js'
import { kindOf } from './kind-of.js'
import { scalarField } from './scalar-field.js'

/** The most that Postgres can be told for a numeric. */
const maximumPrecision = 1000
const plain = /^-?(0|[1-9]\d*)(?:\.(\d+))?$/

/**
 * An exact number of at most `precision` digits, `scale` of them after the point; a string in the one form that
 * Postgres gives it, so that equal numbers are equal strings: exactly `scale` digits after the point, no leading
 * zeros, no exponent, no −0.
 *
 * @example
 * decimal(12, 2, '0.00')
 */
export function decimal(precision: number, scale: number, initial?: string): Field<string> {
  return scalarField({
    kind: 'decimal',
    initial,
    precision,
    scale,
    faults: faultsOf(precision, scale),
    problemOf: (value) => problemOf(value, precision, scale),
    toJson: (value) => value,
  })
}

function problemOf(value: unknown, precision: number, scale: number): string | undefined {
  if (typeof value !== 'string') return `must be a decimal string, not ${kindOf(value)}`
  const [, whole = '', fraction = ''] = plain.exec(value) ?? []
  if (whole === '' || fraction.length !== scale) {
    return `must be a decimal with exactly ${scale} digits after the point and no leading zeros`
  }
  if (value.startsWith('-') && !/[1-9]/.test(value)) return 'must not be a negative zero'
  const room = precision - scale
  const digits = whole === '0' ? 0 : whole.length
  return digits > room ? `must have at most ${room} digits before the point` : undefined
}

function faultsOf(precision: number, scale: number): readonly string[] {
  if (!Number.isInteger(precision) || precision < 1 || precision > maximumPrecision) {
    return [`its precision must be a whole number of 1 to ${maximumPrecision}`]
  }
  if (Number.isInteger(scale) && scale >= 0 && scale <= precision) return []
  return [`its scale must be a whole number of 0 to its precision, ${precision}`]
}
