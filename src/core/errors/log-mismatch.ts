import { RepriseError } from './reprise-error.js'

/**
 * The store was used with another log before, and was started with one that does not hold its events. Start it with the
 * log that is recorded; `facts` name both.
 */
export class LogMismatch extends RepriseError {
  constructor(recorded: string, named: string, whatToDo: string) {
    super(
      'REPRISE_LOG_MISMATCH',
      `this store publishes to the log ${recorded}, but was started with ${named}: ${whatToDo}`,
      { recorded, named },
    )
  }
}
