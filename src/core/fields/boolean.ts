import { type Field, scalarField } from './field.js'
import { kindOf } from './violation.js'

/** True or false. */
export function boolean(initial?: boolean): Field<boolean> {
  return scalarField({
    kind: 'boolean',
    initial,
    problemOf: (value) =>
      typeof value === 'boolean' ? undefined : `must be a boolean, not ${kindOf(value)}`,
    toJson: (value) => value,
  })
}
