import { RepriseError } from './reprise-error.js'

/** The log did not answer. What was committed stays in the outbox and is published when it is back. */
export class LogUnavailable extends RepriseError {
  constructor(log: string, reason: string, cause?: unknown) {
    super(
      'REPRISE_LOG_UNAVAILABLE',
      `the log ${log} is not available: ${reason}; check that it runs and can be reached from here`,
      { log },
      { cause, retriable: true },
    )
  }
}
