import { inspect } from 'node:util'
import { type ErrorCode, RepriseError } from 'reprise'
import { WrongUsage } from './arguments.js'
import { MalformedLine, UnreadableFile } from './bank-file/bank-file.js'
import { ImportStopped } from './import/import-transactions.js'
import { Interrupted } from './interruption.js'

export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3, different: 4, timedOut: 5 } as const

/** What is not a failure at run time. */
const EXIT_BY_CODE: Partial<Record<ErrorCode, number>> = {
  REPRISE_CONFIGURATION: EXIT.usage,
  REPRISE_DEFINITION: EXIT.usage,
  REPRISE_BUILD_REFUSED: EXIT.refused,
  REPRISE_LOG_MISMATCH: EXIT.refused,
  REPRISE_STORE_MISMATCH: EXIT.refused,
  REPRISE_DATABASE_TOO_NEW: EXIT.refused,
  REPRISE_DATABASE_TOO_OLD: EXIT.refused,
  REPRISE_TOPIC_MISSING: EXIT.refused,
  REPRISE_TIMED_OUT: EXIT.timedOut,
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode
  if (error instanceof WrongUsage || error instanceof UnreadableFile) return EXIT.usage
  if (RepriseError.is(error)) return EXIT_BY_CODE[error.code] ?? EXIT.failed
  return EXIT.failed
}

/** One message that says what, where and what to do; where it came from only on demand. */
export function failureText(error: unknown, verbose: boolean): string {
  if (error instanceof Interrupted) return error.message
  const message = error instanceof Error ? error.message : String(error)
  return `error: ${message}${hintFor(error)}${verbose ? `\n${inspect(error)}` : ''}`
}

function hintFor(error: unknown): string {
  if (RepriseError.is(error) && error.code === 'REPRISE_STORE_MISMATCH')
    return '; npm start -- --fresh deletes it and begins again'
  if (error instanceof MalformedLine && error.canBeLeftOut)
    return '; correct it and start again, or leave it out with --skip-bad'
  if (error instanceof ImportStopped) {
    const wayOut = error.canBeLeftOut ? '; --skip-bad leaves it out' : ''
    return `; what was booked before stays, and the next run goes on from there${wayOut}`
  }
  return ''
}
