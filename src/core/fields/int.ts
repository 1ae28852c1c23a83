import type { Field } from './field.js'
import { kindOf } from './kind-of.js'
import { scalarField } from './scalar-field.js'

const minimum = -(2 ** 31)
const maximum = 2 ** 31 - 1

/**
 * A whole number of 32 bits.
 *
 * @example
 * DomainEvent('SeatsAdded', { seats: int() })
 */
export function int(initial?: number): Field<number> {
  return scalarField({
    kind: 'int',
    initial,
    problemOf,
    // JSON and Postgres know no −0.
    copy: (value) => value + 0,
    toJson: (value) => value + 0,
    fromJson: (json) => (typeof json === 'number' ? json + 0 : json),
  })
}

function problemOf(value: unknown): string | undefined {
  if (typeof value !== 'number') return `must be a number, not ${kindOf(value)}`
  if (!Number.isInteger(value)) return 'must be a whole number'
  return value < minimum || value > maximum ? `must be within ${minimum} and ${maximum}` : undefined
}
