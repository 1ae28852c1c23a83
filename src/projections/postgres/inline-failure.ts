import { CommandRejected, InlineProjectionFailed } from '../../core/errors/index.js'
import { isTransient, SQL_STATE } from '../../postgres/sql-state.js'
import { HandlerFailed } from '../../subscriptions/index.js'
import type { Generation } from '../generation.js'

/**
 * What a failure to write an inline projection is to the command: a rejection where a unique constraint on one of the
 * generation's tables refused it, without the values, which may be personal; as it is where the database failed in
 * passing; else the handler's fault.
 */
export function inlineFailure({ projection, schema }: Generation, error: unknown): unknown {
  const envelope = error instanceof HandlerFailed ? error.envelope : undefined
  const cause = error instanceof HandlerFailed ? error.cause : error
  const constraint = violatedUnique(cause, schema)
  if (constraint !== undefined)
    return new CommandRejected(
      `a value is taken already: the constraint ${constraint} of projection ${projection} allows it once; choose another one`,
      { projection, constraint },
    )
  return isTransient(cause) ? cause : new InlineProjectionFailed(projection, envelope, cause)
}

/** By shape, since a caller's driver may be another copy than ours. */
function violatedUnique(error: unknown, schema: string): string | undefined {
  if (!(error instanceof Error && 'code' in error && error.code === SQL_STATE.uniqueViolation))
    return undefined
  if (!('schema' in error && error.schema === schema && 'constraint' in error)) return undefined
  return String(error.constraint)
}
