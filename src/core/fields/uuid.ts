import type { Field } from './field.js'
import { kindOf } from './kind-of.js'
import { scalarField } from './scalar-field.js'

const canonical = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/**
 * A UUID of any version in its one canonical form: lower case, with hyphens.
 *
 * @example
 * DomainEvent('CopyLent', { copyId: uuid() })
 */
export function uuid(initial?: string): Field<string> {
  return scalarField({ kind: 'uuid', initial, problemOf, toJson: (value) => value })
}

function problemOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return `must be a UUID string, not ${kindOf(value)}`
  return canonical.test(value) ? undefined : 'must be a UUID in lower case with hyphens'
}
