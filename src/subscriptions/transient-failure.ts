import { failureClassOf } from '../core/failure-class.js'
import { HandlerFailed, UnnamedFailure } from './subscriber.js'

/**
 * Whether the same work, done again, can succeed. `isTransient` judges what the database said to the framework; of what a
 * handler threw, whoever ran it has judged.
 */
export function isTransientFailure(error: unknown, isTransient: (error: unknown) => boolean): boolean {
  if (error instanceof HandlerFailed) return error.transient
  if (error instanceof UnnamedFailure) return isTransient(error.cause)
  return isTransient(error) || failureClassOf(error) === 'transient'
}
