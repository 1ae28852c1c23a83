import { isDeepStrictEqual } from 'node:util'
import { eventTypeOf, isEvent } from '../../core/event.js'

/** What stands in a {@link Difference} where there is no value at all, as opposed to one that is undefined. */
export const nothing: unique symbol = Symbol('nothing')

/** One place in which two values differ. */
export interface Difference {
  /** `lines[2].amount`; empty for the value as a whole. */
  readonly path: string
  readonly found: unknown
  readonly expected: unknown
}

/** Kinds of values that are compared part by part, and those that are compared as a whole. */
type Kind = 'event' | 'record' | 'list' | 'map' | 'date' | 'bytes' | 'function' | 'other'

type Parts = ReadonlyMap<unknown, unknown>

/** Which object was met beside which: values may refer to themselves. */
type Met = Map<object, object>

/**
 * Every place in which two values differ, down to the single field. A key whose value is undefined counts as absent, and
 * −0 as 0, as they do in events. Events are told apart by their type as well; other objects by their keys alone,
 * whatever their class.
 */
export function differences(
  found: unknown,
  expected: unknown,
  path = '',
  met: Met = new Map(),
): readonly Difference[] {
  if (found === expected || Object.is(found, expected)) return []
  const whole = [{ path, found, expected }]
  if (!isObject(found) || !isObject(expected)) return whole
  const kind = kindOf(found)
  if (kind !== kindOf(expected)) return whole
  if (met.get(found) === expected) return []
  met.set(found, expected)
  const [foundParts, expectedParts] = [partsOf(kind, found), partsOf(kind, expected)]
  if (foundParts === undefined || expectedParts === undefined)
    return isSame(kind, found, expected) ? [] : whole
  if (isEvent(found) && isEvent(expected) && eventTypeOf(found) !== eventTypeOf(expected)) return whole
  return [...new Set([...expectedParts.keys(), ...foundParts.keys()])].flatMap((key) =>
    differences(
      partIn(foundParts, key),
      partIn(expectedParts, key),
      path + step(kind, key, path === ''),
      met,
    ),
  )
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function kindOf(value: object): Kind {
  if (typeof value === 'function') return 'function'
  if (value instanceof Date) return 'date'
  if (value instanceof Uint8Array) return 'bytes'
  if (value instanceof Map) return 'map'
  if (Array.isArray(value)) return 'list'
  if (isEvent(value)) return 'event'
  return Object.prototype.toString.call(value) === '[object Object]' ? 'record' : 'other'
}

function partsOf(kind: Kind, value: object): Parts | undefined {
  switch (kind) {
    case 'map':
      return value as Map<unknown, unknown>
    case 'list':
      return new Map((value as readonly unknown[]).entries())
    case 'event':
    case 'record':
      return new Map(Object.entries(value).filter(([, part]) => part !== undefined))
    default:
      return undefined
  }
}

function isSame(kind: Kind, found: object, expected: object): boolean {
  switch (kind) {
    case 'date':
      return Object.is((found as Date).getTime(), (expected as Date).getTime())
    case 'bytes':
      return Buffer.compare(found as Uint8Array, expected as Uint8Array) === 0
    case 'function':
      // Each instance of a class has its own copies of the arrow functions in its fields.
      return Function.prototype.toString.call(found) === Function.prototype.toString.call(expected)
    default:
      return isDeepStrictEqual(found, expected)
  }
}

function partIn(parts: Parts, key: unknown): unknown {
  return parts.has(key) ? parts.get(key) : nothing
}

function step(kind: Kind, key: unknown, isFirst: boolean): string {
  if (kind === 'list') return `[${String(key)}]`
  if (kind === 'map') return `.get(${typeof key === 'string' ? JSON.stringify(key) : String(key)})`
  const name = String(key)
  if (!/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name)) return `[${JSON.stringify(name)}]`
  return isFirst ? name : `.${name}`
}
