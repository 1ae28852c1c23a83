import type { RepriseError } from '../core/errors/index.js'
import type { OutgoingRecord } from './log-record.js'

/**
 * Some topics take nothing now, for reasons of their own: deleted, made anew, too few replicas, no right to write. Other
 * topics are not to blame. The same records may be taken later.
 *
 * @example
 * const heldUp = (error: unknown): readonly string[] =>
 *   error instanceof TopicsUnavailable ? [...error.failures.keys()] : []
 */
export class TopicsUnavailable extends Error {
  /** Why, by topic. */
  readonly failures: ReadonlyMap<string, RepriseError>

  /** Records of the batch that are durable in their topics all the same. */
  readonly published: readonly OutgoingRecord[]

  constructor(failures: ReadonlyMap<string, RepriseError>, published: readonly OutgoingRecord[]) {
    super([...failures].map(([topic, { message }]) => `topic ${topic} takes nothing: ${message}`).join('; '))
    this.failures = failures
    this.published = published
  }
}
