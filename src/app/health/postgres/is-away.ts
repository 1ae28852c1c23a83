import { isTransient, sqlStateOf } from '../../../postgres/sql-state.js'

/**
 * SQLSTATEs by which a server says that it cannot serve: lost connections, exhausted resources, shutting down, and taking
 * nothing because it is a standby now.
 */
const AWAY = /^(08|53|57P0|25006)/

/** Whether a failure tells of the server. One that refuses or cancels a statement is there. */
export function isAway(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === undefined ? isTransient(error) : AWAY.test(state)
}
