import { setTimeout as delay } from 'node:timers/promises'
import { type Check, ok, problem, within } from './check.js'

/** Work that goes on at one place: an outbox, or a lane of a projection. */
export interface Work {
  /** The check that is about it. */
  readonly check: string
  /** Which of several places that is, in words. */
  readonly place: string
  /** Moves on as soon as anything is done. */
  readonly next: bigint
  readonly left: bigint
  /** Whether more than what is next may be done meanwhile: the rows of an outbox have several relays. */
  readonly isShared: boolean
}

/** Milliseconds between looks, and how long work that does not get on is looked at. */
const PAUSE = 250
const LONGEST = 5_000

/**
 * Whether work that is there gets on, seen by looking again and again: at once where there is none, after a moment where it
 * moves. That nothing moves for so short a time proves no fault, and the check says so. `troubled` are the checks that
 * found already why, `where` says what was looked at.
 */
export async function stallChecks(
  look: () => Promise<readonly Work[]>,
  troubled: ReadonlySet<string>,
  where: string,
): Promise<readonly Check[]> {
  const waiting = (await within(look())).filter(({ left, check }) => left > 0n && !troubled.has(check))
  if (waiting.length === 0) return [ok('progress', `nothing waits ${where} for a process that runs`)]
  let still = waiting
  const until = performance.now() + LONGEST
  while (still.length > 0 && performance.now() < until) {
    await delay(PAUSE)
    const now = await within(look())
    still = still.filter((work) => now.some((it) => isWhereItWas(it, work)))
  }
  const checks = [...new Set(still.map(({ check }) => check))]
  if (checks.length === 0) return [ok('progress', `what waits ${where} is being done`)]
  return checks.map((check) =>
    stallCheck(
      check,
      still.filter((it) => it.check === check),
    ),
  )
}

const isWhereItWas = (now: Work, before: Work): boolean =>
  now.check === before.check && now.place === before.place && now.next === before.next && now.left > 0n

const placeText = ({ place, left, isShared }: Work): string =>
  isShared
    ? `the first row of ${place}, where ${left} ${left === 1n ? 'waits' : 'wait'}`
    : `${place} (${left} left)`

const MOST_NAMED = 5

function stallCheck(check: string, works: readonly Work[]): Check {
  const named = works.slice(0, MOST_NAMED).map(placeText)
  const more = works.length > MOST_NAMED ? `, and ${works.length - MOST_NAMED} more` : ''
  return problem(
    `progress of ${check}`,
    `did not get on in ${LONGEST / 1_000} s: ${named.join(', ')}${more}`,
    'run this again, since one batch can take longer, and an event that failed is tried again with pauses; if it stays so, read the log of the process that does this work, and its /readyz?verbose',
  )
}
