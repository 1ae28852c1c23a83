import { classOfSqlState, isLostConnection } from '../core/failure-class.js'
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

export const sqlStateOf = (error: unknown): string | undefined =>
  isDatabaseError(error) ? error.code : undefined

/**
 * Whether doing the same again can succeed once the server or a rival has moved on. Only for what the driver rejected
 * with: the codes of a lost connection are Node's, and other code's sockets fail with the same ones.
 */
export const isTransient = (error: unknown): boolean => {
  const state = sqlStateOf(error)
  return state === undefined ? isLostConnection(error) : classOfSqlState(state) === 'transient'
}
