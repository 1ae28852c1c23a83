import { isStorableText } from '../text.js'
import type { Field } from './field.js'
import { kindOf } from './kind-of.js'
import { scalarField } from './scalar-field.js'

/**
 * Text of any length. U+0000 and lone surrogates are refused, since jsonb holds neither.
 *
 * @example
 * DomainEvent('OwnerRenamed', { owner: string() })
 */
export function string(initial?: string): Field<string> {
  return scalarField({ kind: 'string', initial, problemOf: textProblem, toJson: (value) => value })
}

/** Why `value` is not text that can be stored, or undefined if it is. */
export function textProblem(value: unknown): string | undefined {
  if (typeof value !== 'string') return `must be a string, not ${kindOf(value)}`
  return isStorableText(value) ? undefined : 'must hold neither U+0000 nor a lone surrogate'
}
