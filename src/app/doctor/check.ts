import { setTimeout as delay } from 'node:timers/promises'

/** `not checked` is what could not be looked at, because something that it needs is not there. */
export const CHECK_STATES = ['ok', 'warning', 'problem', 'not checked'] as const
export type CheckState = (typeof CHECK_STATES)[number]

/** What was found out about one thing, and what to do where something is wrong. */
export interface Check {
  readonly check: string
  readonly state: CheckState
  readonly fact: string
  readonly remedy: string | undefined
}

export const ok = (check: string, fact: string): Check => ({ check, state: 'ok', fact, remedy: undefined })

export const warning = (check: string, fact: string, remedy: string): Check => ({
  check,
  state: 'warning',
  fact,
  remedy,
})

export const problem = (check: string, fact: string, remedy: string): Check => ({
  check,
  state: 'problem',
  fact,
  remedy,
})

export const notChecked = (check: string, fact: string): Check => ({
  check,
  state: 'not checked',
  fact,
  remedy: undefined,
})

/** Milliseconds that one look may take. */
const PATIENCE = 4_000

/**
 * Looks for as long as one look may take. What it needs is there: that it fails or takes longer is a finding, which may be
 * why the app does not get on either.
 */
export async function examined(
  check: string,
  look: () => Promise<Check | readonly Check[]>,
): Promise<readonly Check[]> {
  try {
    const found = await within(look())
    return 'state' in found ? [found] : found
  } catch (error) {
    return [
      problem(
        check,
        `cannot be looked at: ${reasonOf(error)}`,
        'run this again; if it stays so, remove the reason: what waits for whom in a database is in its pg_stat_activity',
      ),
    ]
  }
}

export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Nothing was heard of what was looked at, neither good nor bad. */
export class NoAnswer extends Error {
  constructor(patience: number) {
    super(`no answer within ${patience / 1000} s`)
  }
}

/**
 * What the work gives; rejects when that takes too long. The work is not stopped then.
 *
 * @throws {@link NoAnswer}
 */
export async function within<T>(work: Promise<T>, patience = PATIENCE): Promise<T> {
  const timer = new AbortController()
  const late = delay(patience, undefined, { signal: timer.signal }).then(() => {
    throw new NoAnswer(patience)
  })
  // Whichever loses is of no interest any more.
  late.catch(() => undefined)
  work.catch(() => undefined)
  try {
    return await Promise.race([work, late])
  } finally {
    timer.abort()
  }
}
