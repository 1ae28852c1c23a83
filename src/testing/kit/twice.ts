import { onAnotherDay } from './another-day.js'
import { assertionError, indented } from './assertion.js'
import { describe } from './difference.js'
import { type Difference, differences } from './differences.js'

const RUNS = { expected: 'first', found: 'then' }

/** Runs something synchronous on each of two equal things, the second time on another day. */
export function onBoth<T, R>([first, second]: readonly [T, T], action: (one: T) => R): readonly [R, R] {
  return [action(first), onAnotherDay(() => action(second))]
}

/**
 * Compares what two equal calls gave.
 *
 * @throws an AssertionError when they differ, which says that `what` is not pure and how that shows
 */
export function requireEqual(
  what: string,
  [first, second]: readonly [unknown, unknown],
  compare = differences,
): void {
  const found = compare(second, first)
  if (found.length > 0)
    throw impure(what, 'on equal inputs, it gave first one result and then another', found)
}

/**
 * Runs something that is given a message and has to leave it as it is.
 *
 * @throws an AssertionError when what `contentOf` gives is another than before
 */
export function leaving<R>(what: string, contentOf: () => unknown, action: () => R): R {
  const before = contentOf()
  const result = action()
  const found = differences(contentOf(), before)
  if (found.length > 0) throw impure(what, 'it changes what it is given', found)
  return result
}

function impure(what: string, how: string, found: readonly Difference[]): Error {
  return assertionError(`${what} is not pure: ${how}\n${indented(describe(found, RUNS))}`)
}
