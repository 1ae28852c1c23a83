import { type RepriseErrorOptions, RepriseError } from '../../core/errors/index.js'

/** The local broker cannot be installed, started or stopped; the message says why and what to do. */
export class BrokerUnavailable extends RepriseError {
  constructor(
    message: string,
    facts: Readonly<Record<string, unknown>> = {},
    options: RepriseErrorOptions = {},
  ) {
    super('REPRISE_LOG_UNAVAILABLE', message, facts, options)
  }
}
