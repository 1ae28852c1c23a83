import { HandlerFailed } from './subscriber.js'

/**
 * Whether the same work, done again, can succeed. `isTransient` judges what the database said to the framework; of what a
 * handler threw, whoever ran it has judged.
 */
export function isTransientFailure(error: unknown, isTransient: (error: unknown) => boolean): boolean {
  return error instanceof HandlerFailed ? error.transient : isTransient(error)
}
