import { type Field, scalarField } from './field.js'
import { kindOf } from './violation.js'

const minimum = -(2n ** 63n)
const maximum = 2n ** 63n - 1n
const decimal = /^(?:0|-?[1-9]\d{0,18})$/

/** A whole number of 64 bits, a bigint everywhere; in JSON a decimal string, so that no digit is lost. */
export function long(initial?: bigint): Field<bigint> {
  return scalarField({
    kind: 'long',
    initial,
    problemOf,
    toJson: (value) => value.toString(),
    fromJson: (json) => (typeof json === 'string' && decimal.test(json) ? BigInt(json) : json),
  })
}

function problemOf(value: unknown): string | undefined {
  if (typeof value !== 'bigint') return `must be a bigint, not ${kindOf(value)}`
  return value < minimum || value > maximum ? 'must fit into 64 bits' : undefined
}
