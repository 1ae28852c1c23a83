import { SQL_STATE } from '../../postgres/sql-state.js'

/**
 * Whether a statement of ours failed because its command id was stored meanwhile. By its table, since inline projections
 * have unique constraints too; by shape, since a caller's driver may be another copy than ours.
 */
export const isTakenCommandId = (error: unknown, store: string): boolean =>
  error instanceof Error &&
  'code' in error &&
  error.code === SQL_STATE.uniqueViolation &&
  'schema' in error &&
  error.schema === store &&
  'table' in error &&
  error.table === 'command_results'
