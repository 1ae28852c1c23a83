import type { HandlerFailed } from '../../subscriptions/index.js'
import { assertionError, indented } from './assertion.js'

/** A handler that threw, as a failed assertion: where it was, and what it threw as the cause. */
export function handlerFailed(what: string, { envelope, cause }: HandlerFailed): Error {
  const { type, id } = envelope.stream
  const where = `at version ${envelope.version} of ${type}-${id}`
  return assertionError(`${what} failed ${where}\n${indented(String(cause))}`, undefined, cause)
}
