import type { Field } from './field.js'
import { noViolations } from './violation.js'

/**
 * A value that may be left out. Left out and undefined are the same; null is neither.
 *
 * @example
 * DomainEvent('MoneyDeposited', { amount: long(), reference: optional(string()) })
 */
export function optional<T>(field: Field<T>): Field<T, true> {
  return Object.freeze<Field<T, true>>({
    ...field,
    optional: true,
    check: (value, path) => (value === undefined ? noViolations : field.check(value, path)),
  })
}
