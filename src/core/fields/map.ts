import { compositeField } from './composite-field.js'
import { elementFaults } from './element-faults.js'
import { type Field, isField } from './field.js'
import { kindOf } from './kind-of.js'
import { readOnlyMap } from './read-only-map.js'
import { textProblem } from './string.js'
import { type Violation, within } from './violation.js'

/** A path shows no more of a key, which may be of any length. */
const shownLength = 60

/**
 * Values by key, a Map that refuses to be changed, copied when it is given. Keys are text of any content, under the
 * rules of {@link string}. Iteration is in the order of the keys, now and when it is read again, whatever order they
 * were set in. In JSON a list of `[key, value]` in that order, as a column jsonb: an object
 * would be unsafe there under keys like `__proto__`, and in an order of Postgres' own.
 *
 * @example
 * map(decimal(12, 6))
 */
export function map<T>(
  value: Field<T>,
  initial?: ReadonlyMap<string, NoInfer<T>>,
): Field<ReadonlyMap<string, T>> {
  return compositeField<ReadonlyMap<string, T>>({
    kind: 'map',
    initial,
    element: value,
    parts: isField(value) ? [value] : [],
    faults: elementFaults(value, 'values'),
    check: (given, path) => within(path, violationsIn(value, given)),
    copy: (given) => readOnlyMap(inOrder([...given].map(([key, it]) => [key, value.copy(it)]))),
    toJson: (given) => inOrder([...given].map(([key, it]) => [key, value.toJson(it)])),
    fromJson: (json) => (isPairs(json) ? mapOf(json, value) : json),
  })
}

function violationsIn(field: Field<unknown>, given: unknown): readonly Violation[] {
  if (!(given instanceof Map)) return [{ path: '', problem: `must be a Map, not ${kindOf(given)}` }]
  const violations: Violation[] = []
  for (const [key, value] of given as ReadonlyMap<unknown, unknown>) {
    const problem = textProblem(key)
    if (problem !== undefined) violations.push({ path: pathOf(key), problem: `has a key that ${problem}` })
    const found = field.check(value, '')
    if (found.length > 0) for (const violation of within(pathOf(key), found)) violations.push(violation)
  }
  return violations
}

/** A key that is no text has no path of its own. */
function pathOf(key: unknown): string {
  if (typeof key !== 'string') return '[?]'
  const shown = key.length > shownLength ? `${key.slice(0, shownLength)}…` : key
  return `[${JSON.stringify(shown)}]`
}

type Pair<V> = readonly [key: string, value: V]

/** By UTF-16 code units: the same in every locale. */
function inOrder<V>(pairs: readonly Pair<V>[]): readonly Pair<V>[] {
  return pairs.toSorted(([one], [other]) => (one < other ? -1 : 1))
}

function isPairs(json: unknown): json is readonly Pair<unknown>[] {
  return (
    Array.isArray(json) &&
    json.every((it) => Array.isArray(it) && it.length === 2 && typeof it[0] === 'string')
  )
}

function mapOf(pairs: readonly Pair<unknown>[], value: Field<unknown>): unknown {
  const values = readOnlyMap(inOrder(pairs.map(([key, json]) => [key, value.fromJson(json)])))
  // A key that comes twice leaves open which value was meant.
  return values.size === pairs.length ? values : pairs
}
