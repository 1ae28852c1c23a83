import type { Field } from './field.js'
import { kindOf } from './kind-of.js'
import { scalarField } from './scalar-field.js'

const minimum = -(2n ** 63n)
const maximum = 2n ** 63n - 1n
const decimal = /^(?:0|-?[1-9]\d{0,18})$/

/**
 * A whole number of 64 bits, a bigint everywhere; in JSON a decimal string, so that no digit is lost.
 *
 * @example
 * DomainEvent('MoneyDeposited', { amount: long() }) // new MoneyDeposited({ amount: 500n })
 */
export function long(initial?: bigint): Field<bigint> {
  return scalarField({
    kind: 'long',
    initial,
    problemOf,
    toJson: bigintToJson,
    fromJson: bigintFromJson,
  })
}

/** JSON numbers end at 53 bits for most who read them. */
export function bigintToJson(value: bigint): string {
  return value.toString()
}

/** The bigint of at most 64 bits that `json` stands for, or `json` itself. */
export function bigintFromJson(json: unknown): unknown {
  return typeof json === 'string' && decimal.test(json) ? BigInt(json) : json
}

function problemOf(value: unknown): string | undefined {
  if (typeof value !== 'bigint') return `must be a bigint, not ${kindOf(value)}`
  return value < minimum || value > maximum ? 'must fit into 64 bits' : undefined
}
