import type { Field } from './field.js'
import { kindOf } from './kind-of.js'
import { bigintFromJson, bigintToJson } from './long.js'
import { scalarField } from './scalar-field.js'

const earliest = BigInt(Date.parse('0001-01-01T00:00:00.000Z')) * 1000n
const latest = BigInt(Date.parse('9999-12-31T23:59:59.999Z')) * 1000n + 999n

/**
 * An instant in microseconds since 1970-01-01T00:00:00Z, of the years 1 to 9999; a bigint everywhere. In JSON a decimal
 * string, as a column bigint: a Date, which the driver makes of a timestamptz, ends at milliseconds.
 *
 * @example
 * DomainEvent('TradeMatched', { matchedAt: timestampMicros() })
 */
export function timestampMicros(initial?: bigint): Field<bigint> {
  return scalarField({
    kind: 'timestampMicros',
    initial,
    problemOf,
    toJson: bigintToJson,
    fromJson: bigintFromJson,
  })
}

function problemOf(value: unknown): string | undefined {
  if (typeof value !== 'bigint') return `must be a bigint, not ${kindOf(value)}`
  return value < earliest || value > latest
    ? 'must be within the years 1 to 9999, in microseconds'
    : undefined
}
