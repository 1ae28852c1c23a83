import { type RepriseErrorOptions, RepriseError } from '../../../core/errors/index.js'

/** The embedded Postgres cannot be started, adopted or stopped; the message says why and what to do. */
export class EmbeddedPostgresUnavailable extends RepriseError {
  constructor(
    message: string,
    facts: Readonly<Record<string, unknown>> = {},
    options: RepriseErrorOptions = {},
  ) {
    super('REPRISE_DATABASE_UNREACHABLE', message, facts, options)
  }
}
