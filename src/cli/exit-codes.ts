import { type ErrorCode, RepriseError } from '../core/errors/index.js'
import { CliError, type CliErrorCode } from './cli-error.js'

/** What the shell is told. Scripts rely on the numbers: they never change their meaning. */
export const EXIT_CODES = {
  done: 0,
  failed: 1,
  /** The command line, a setting or the definition of the app cannot be used. */
  usage: 2,
  /** The state of things does not allow it; nothing was changed. */
  refused: 3,
  /** A check found differences. */
  different: 4,
  timedOut: 5,
  interrupted: 130,
  terminated: 143,
} as const
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES]

const { failed, usage, refused, different, timedOut, interrupted, terminated } = EXIT_CODES

const BY_ERROR: Readonly<Record<ErrorCode | CliErrorCode, ExitCode>> = {
  USAGE: usage,
  DECLINED: refused,
  DIFFERENT: different,
  INTERRUPTED: interrupted,
  TERMINATED: terminated,
  REPRISE_CONFIGURATION: usage,
  REPRISE_DEFINITION: usage,
  REPRISE_BUILD_REFUSED: refused,
  REPRISE_REBUILD_REFUSED: refused,
  REPRISE_REBUILD_IN_PROGRESS: refused,
  REPRISE_LOG_MISMATCH: refused,
  REPRISE_STORE_MISMATCH: refused,
  REPRISE_DATABASE_TOO_NEW: refused,
  REPRISE_DATABASE_TOO_OLD: refused,
  REPRISE_TOPIC_MISSING: refused,
  REPRISE_INLINE_PROJECTION_UNKNOWN: refused,
  REPRISE_TIMED_OUT: timedOut,
  REPRISE_COMMAND_REJECTED: failed,
  REPRISE_WRONG_EXPECTED_VERSION: failed,
  REPRISE_COMMAND_ID_REUSED: failed,
  REPRISE_AGGREGATE_NOT_FOUND: failed,
  REPRISE_STREAM_CLOSED: failed,
  REPRISE_PAYLOAD_TOO_LARGE: failed,
  REPRISE_OUTCOME_UNKNOWN: failed,
  REPRISE_OVERLOADED: failed,
  REPRISE_INVALID_VALUE: failed,
  REPRISE_EVENT_NOT_READABLE: failed,
  REPRISE_PROJECTION_STOPPED: failed,
  REPRISE_EVENT_PARKED: failed,
  REPRISE_PARKING_CEILING: failed,
  REPRISE_NOTHING_PARKED: refused,
  REPRISE_INLINE_PROJECTION_FAILED: failed,
  REPRISE_DATABASE_UNREACHABLE: failed,
  REPRISE_LOG_UNAVAILABLE: failed,
  REPRISE_APP_STOPPED: failed,
  REPRISE_STOP_TIMED_OUT: timedOut,
}

/** The exit code that an error stands for. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof CliError || RepriseError.is(error) ? BY_ERROR[error.code] : failed
}
