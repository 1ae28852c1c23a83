import type { JsonValue } from './json-value.js'
import type { Violation } from './violation.js'

export const fieldKinds = [
  'string',
  'int',
  'long',
  'double',
  'decimal',
  'boolean',
  'uuid',
  'timestamp',
  'timestampMicros',
  'date',
  'enumeration',
  'bytes',
  'map',
  'record',
  'array',
] as const
/** Which kind of value a field holds, by the name of the function that makes it. */
export type FieldKind = (typeof fieldKinds)[number]

/**
 * The definition of one value of an event, a command or a row: its TypeScript type, its run-time check and
 * its form in JSON. An optional field keeps the kind of what it wraps.
 */
export interface Field<T, O extends boolean = false> {
  readonly kind: FieldKind
  readonly optional: O
  /** The value in a new row, and in a stored event that is older than the field. */
  readonly initial: T | undefined
  /** The allowed values of an enumeration. */
  readonly values?: readonly string[]
  /** How many digits a decimal may have, those after the point included. */
  readonly precision?: number
  /** How many digits a decimal has after the point. */
  readonly scale?: number
  /** What an array or a map holds. */
  readonly element?: Field<unknown>
  /** What a record holds. */
  readonly fields?: Fields
  /** How many arrays, maps and records lie in one another, this one included: 0 for a single value. */
  readonly depth: number
  /** What is wrong with the definition itself; reported when the app starts. */
  readonly faults: readonly string[]
  /** Every reason why `value` is not one of this field's. */
  check(value: unknown, path: string): readonly Violation[]
  /** An equal value that nobody else can change; −0 becomes 0. `value` must have passed `check`. */
  copy(value: T): T
  /** Lossless: `fromJson` gives an equal value back. Equal values give equal JSON. `value` must have passed `check`. */
  toJson(value: T): JsonValue
  /**
   * The value that `json` stands for. Where it, or a part of it, stands for none, that is left as it is: then `check`
   * says why.
   */
  fromJson(json: unknown): unknown
}

/** Fields by name. */
export type Fields = Readonly<Record<string, Field<unknown, boolean>>>

/** The type of a field's values. */
export type ValueOf<F> = F extends Field<infer T, boolean> ? T : never

type Simplify<T> = { [K in keyof T]: T[K] } & {}

/** The values of a set of fields. The key of an optional value may be absent, which is the same as undefined. */
export type Values<F extends Fields> = Simplify<
  {
    readonly [K in keyof F as F[K] extends Field<unknown, true> ? never : K]: ValueOf<F[K]>
  } & {
    readonly [K in keyof F as F[K] extends Field<unknown, true> ? K : never]?: ValueOf<F[K]> | undefined
  }
>

/** The same keys, assignable. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** The names of the fields whose values are always strings, so that they can identify something. */
export type StringKeys<F extends Fields> = {
  [K in keyof F & string]: F[K] extends Field<string> ? K : never
}[keyof F & string]

/** Tells a field from anything else that JavaScript may pass in its place. */
export function isField(value: unknown): value is Field<unknown, boolean> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    fieldKinds.some((kind) => kind === value.kind) &&
    'check' in value &&
    typeof value.check === 'function'
  )
}
