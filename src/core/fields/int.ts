import { type Field, scalarField } from './field.js'
import { kindOf } from './violation.js'

const minimum = -(2 ** 31)
const maximum = 2 ** 31 - 1

/** A whole number of 32 bits. */
export function int(initial?: number): Field<number> {
  return scalarField({
    kind: 'int',
    initial,
    problemOf,
    // JSON and Postgres know no −0.
    copy: (value) => value + 0,
    toJson: (value) => value,
  })
}

function problemOf(value: unknown): string | undefined {
  if (typeof value !== 'number') return `must be a number, not ${kindOf(value)}`
  if (!Number.isInteger(value)) return 'must be a whole number'
  return value < minimum || value > maximum ? `must be within ${minimum} and ${maximum}` : undefined
}
