import type { Field } from './field.js'
import { kindOf } from './kind-of.js'
import { scalarField } from './scalar-field.js'

/**
 * A number of 64 bits with a binary point: for measurements, not for money. NaN and infinities are refused; −0 is 0.
 *
 * @example
 * DomainEvent('TemperatureMeasured', { celsius: double() })
 */
export function double(initial?: number): Field<number> {
  return scalarField({
    kind: 'double',
    initial,
    problemOf,
    copy: positiveZero,
    toJson: positiveZero,
    fromJson: (json) => (typeof json === 'number' ? positiveZero(json) : json),
  })
}

function problemOf(value: unknown): string | undefined {
  if (typeof value !== 'number') return `must be a number, not ${kindOf(value)}`
  return Number.isFinite(value) ? undefined : 'must be a finite number'
}

/** Postgres' jsonb has no −0. */
function positiveZero(value: number): number {
  return value + 0
}
