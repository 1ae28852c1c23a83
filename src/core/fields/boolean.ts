import type { Field } from './field.js'
import { kindOf } from './kind-of.js'
import { scalarField } from './scalar-field.js'

/**
 * True or false.
 *
 * @example
 * DomainEvent('ConsentGiven', { byMail: boolean() })
 */
export function boolean(initial?: boolean): Field<boolean> {
  return scalarField({
    kind: 'boolean',
    initial,
    problemOf: (value) =>
      typeof value === 'boolean' ? undefined : `must be a boolean, not ${kindOf(value)}`,
    toJson: (value) => value,
  })
}
