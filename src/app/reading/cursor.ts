import { InvalidValue } from '../../core/errors/index.js'
import type { Field, JsonValue } from '../../core/fields/index.js'
import type { RowOrder } from './row-order.js'

/** The place of a row in an order. */
export interface RowPlace {
  /** The value of the column that the order goes by; undefined for a row without one. */
  readonly value: unknown
  readonly key: unknown
}

/** Of the form below: one that an earlier release gave out must be told from it. */
const VERSION = 1

type Cursor = readonly [
  version: typeof VERSION,
  projection: string,
  column: string,
  direction: string,
  value: JsonValue | null,
  key: JsonValue,
]

/** Writes a place down, so that it can travel in a URL. */
export function cursorOf(
  { projection, column, direction, key }: RowOrder,
  { value, key: keyValue }: RowPlace,
): string {
  const json = value === undefined ? null : column.field.toJson(value)
  const cursor: Cursor = [VERSION, projection, column.name, direction, json, key.field.toJson(keyValue)]
  return Buffer.from(JSON.stringify(cursor)).toString('base64url')
}

/**
 * The place that a cursor stands for. It comes from outside, so every value in it is checked.
 *
 * @throws {@link InvalidValue} for one that was not given out for this order
 */
export function placeAt(cursor: unknown, order: RowOrder): RowPlace {
  const parts = partsOf(cursor)
  if (parts === undefined) throw refusal('is not a cursor: pass on what a page gave as next')
  const [version, projection, column, direction, value, key] = parts
  if (version !== VERSION) throw refusal('is of another release: begin at the first page again')
  if (projection !== order.projection || column !== order.column.name || direction !== order.direction)
    throw refusal('was given out for another projection or another order: begin at the first page')
  const without = value === null && order.column.field.optional
  return {
    value: without ? undefined : valueIn(value, order.column.field),
    key: valueIn(key, order.key.field),
  }
}

function partsOf(cursor: unknown): readonly unknown[] | undefined {
  if (typeof cursor !== 'string' || !/^[\w-]+$/.test(cursor)) return undefined
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return Array.isArray(parts) && (parts[0] !== VERSION || parts.length === 6) ? parts : undefined
  } catch {
    return undefined
  }
}

function valueIn(json: unknown, field: Field<unknown, boolean>): unknown {
  const value = field.fromJson(json)
  // An absent value would pass as one of an optional field.
  if (value === undefined || value === null || field.check(value, 'after').length > 0)
    throw refusal('holds a value that its column cannot: pass on what a page gave as next')
  return value
}

const refusal = (problem: string): InvalidValue =>
  new InvalidValue('query', [{ path: 'page.after', problem }])
