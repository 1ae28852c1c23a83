import type { ReportFault } from './decorated-method.js'

/** How often an event that its handler failed at is tried, where its definition does not say. */
export const DEFAULT_ATTEMPTS = 5
const MOST_ATTEMPTS = 100

/** What a definition says in `attempts`. JavaScript may say anything. */
export function readAttempts(
  attempts: unknown,
  report: ReportFault,
  byDefault: number = DEFAULT_ATTEMPTS,
): number {
  if (attempts === undefined) return byDefault
  const isCount = typeof attempts === 'number' && Number.isSafeInteger(attempts) && attempts > 0
  if (isCount && attempts <= MOST_ATTEMPTS) return attempts
  report(`attempts must be a whole number from 1 to ${MOST_ATTEMPTS}`)
  return byDefault
}
