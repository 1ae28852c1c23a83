import { isDatabaseError } from './database-error.js'

/** SQLSTATE codes that the framework acts on by name. Source: the PostgreSQL manual, appendix "Error Codes". */
export const SQL_STATE = {
  uniqueViolation: '23505',
  invalidPassword: '28P01',
  invalidAuthorization: '28000',
  invalidCatalog: '3D000',
  lockNotAvailable: '55P03',
  deadlockDetected: '40P01',
  undefinedTable: '42P01',
  insufficientPrivilege: '42501',
} as const

/** Conditions that pass by themselves: the same work, done again, can succeed. */
const TRANSIENT_STATES: ReadonlySet<string> = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '55P03', // lock_not_available
  '53000', // insufficient_resources
  '53300', // too_many_connections
  '57014', // query_canceled: a statement time-out
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '25P03', // idle_in_transaction_session_timeout
])

/** Class 08 is the family of connection exceptions. */
const CONNECTION_EXCEPTION = '08'

/** What Node reports when the server cannot be reached or has gone away. */
const CONNECTION_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
])

export const sqlStateOf = (error: unknown): string | undefined =>
  isDatabaseError(error) ? error.code : undefined

/** Whether doing the same again can succeed once the server or a rival has moved on. */
export const isTransient = (error: unknown): boolean => {
  const code = codeOf(error)
  if (code === undefined) return isLostConnection(error)
  return TRANSIENT_STATES.has(code) || code.startsWith(CONNECTION_EXCEPTION) || CONNECTION_CODES.has(code)
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

// pg reports a connection that ended under a query, or was gone before it, with a plain Error: its message is all there
// is to go by.
const isLostConnection = (error: unknown): boolean =>
  error instanceof Error &&
  /connection terminated|not queryable|timeout expired|timeout exceeded when trying to connect|client was closed/i.test(
    error.message,
  )
