import { inspect } from 'node:util'
import { eventTypeOf, isEvent } from '../../core/event.js'
import { type Difference, differences, nothing } from './differences.js'
import { presentIn } from './present-in.js'

/** How the two sides of a comparison are called. */
export interface Sides {
  readonly found: string
  readonly expected: string
}

const SIDES: Sides = { found: 'found', expected: 'expected' }

/** More lines than a terminal shows help nobody. */
const MOST_LINES = 20

/**
 * Tells in which places two values differ, one line each, or undefined when they are equal. It knows what events, rows
 * and envelopes hold: bigints, Dates and bytes are compared by value and shown readably, a key whose value is undefined
 * counts as absent, and events are compared by their type as well. In a row, or rows in a list, null counts as absent
 * too, for a database says null where a field says absent; deeper within a row it is a value like any other. For
 * assertions of your own, in any test runner.
 *
 * @example
 * import assert from 'node:assert/strict'
 *
 * const rows = await app.read(Balances).selectAll().execute()
 * assert.equal(difference(rows, [{ account_id: '576', balance: 5n }]), undefined)
 */
export function difference(actual: unknown, expected: unknown): string | undefined {
  const found = areEvents(actual, expected)
    ? eventDifferences(actual as readonly unknown[], expected as readonly unknown[])
    : differences(withoutNulls(actual), withoutNulls(expected))
  return found.length === 0 ? undefined : describe(found)
}

function withoutNulls(value: unknown): unknown {
  return Array.isArray(value) ? value.map(presentIn) : presentIn(value)
}

/** Differences between lists of events, which are called `event 1 (MoneyDeposited)` and so on. */
export function eventDifferences(
  found: readonly unknown[],
  expected: readonly unknown[],
): readonly Difference[] {
  const length = Math.max(found.length, expected.length)
  return Array.from({ length }, (_, index) => {
    const [one, other] = [itemIn(found, index), itemIn(expected, index)]
    return differences(one, other).map(({ path, ...sides }) => ({
      ...sides,
      path: path === '' ? `event ${index + 1}` : `event ${index + 1} (${typeIn(one)}), ${path}`,
    }))
  }).flat()
}

/** A line per difference. */
export function describe(list: readonly Difference[], sides = SIDES): string {
  const lines = list.slice(0, MOST_LINES).map(({ path, found, expected }) => {
    const texts = `${sides.expected} ${shown(expected)}, ${sides.found} ${shown(found)}`
    return path === '' ? texts : `${path}: ${texts}`
  })
  const left = list.length - lines.length
  return left === 0 ? lines.join('\n') : [...lines, `and ${left} more differences`].join('\n')
}

/** A value on one line, as it is written in code where that is short enough. */
export function shown(value: unknown): string {
  if (value === nothing) return 'nothing'
  if (isEvent(value)) return `${eventTypeOf(value)} ${shown({ ...value })}`
  return inspect(value, { depth: 8, breakLength: Infinity, compact: true, maxStringLength: 300 })
}

function areEvents(...lists: readonly unknown[]): boolean {
  return lists.every((list) => Array.isArray(list)) && lists.flat().some(isEvent)
}

function itemIn(list: readonly unknown[], index: number): unknown {
  return index < list.length ? list[index] : nothing
}

function typeIn(value: unknown): string {
  return isEvent(value) ? eventTypeOf(value) : 'no event'
}
