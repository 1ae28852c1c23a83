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
  '57014', // query_canceled: a statement time-out
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '57P05', // idle_session_timeout
  '25006', // read_only_sql_transaction: the server is a standby now, or its disk is nearly full
  '25P03', // idle_in_transaction_session_timeout
])

/** Class 08 is the family of connection exceptions, class 53 that of resources that ran out: memory, disk, connections. */
const TRANSIENT_CLASSES: ReadonlySet<string> = new Set(['08', '53'])

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

/** What the driver says, in plain errors, of a connection that was lost, could not be made in time, or is owed an answer. */
const LOST_CONNECTIONS: ReadonlySet<string> = new Set([
  'Connection terminated',
  'Connection terminated unexpectedly',
  'Connection terminated due to connection timeout',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
  'Query read timeout',
  'timeout expired',
  'timeout exceeded when trying to connect',
])

export const sqlStateOf = (error: unknown): string | undefined =>
  isDatabaseError(error) ? error.code : undefined

/**
 * Whether doing the same again can succeed once the server or a rival has moved on. Only for what the driver rejected
 * with: the codes of a lost connection are Node's, and other code's sockets fail with the same ones.
 */
export const isTransient = (error: unknown): boolean => {
  const state = sqlStateOf(error)
  if (state !== undefined) return TRANSIENT_STATES.has(state) || TRANSIENT_CLASSES.has(state.slice(0, 2))
  return isLostConnection(error)
}

const isLostConnection = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? error.code : undefined
  return typeof code === 'string' ? CONNECTION_CODES.has(code) : LOST_CONNECTIONS.has(error.message)
}
