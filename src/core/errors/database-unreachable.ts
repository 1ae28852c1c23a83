import { RepriseError } from './reprise-error.js'

/** Where a database is, without what opens it. */
export interface DatabaseAddress {
  readonly host: string
  readonly port: number
  readonly database: string
}

/**
 * No connection to a database could be made. Retriable: check that it runs and can be reached from here. Takes parts and
 * no URL, so that no password gets in. `setting` is what named
 * the database.
 */
export class DatabaseUnreachable extends RepriseError {
  constructor(
    { host, port, database }: DatabaseAddress,
    reason: string,
    cause?: unknown,
    setting = 'DATABASE_URL',
  ) {
    super(
      'REPRISE_DATABASE_UNREACHABLE',
      `the database ${database} at ${host}:${port} cannot be reached: ${reason}; check that it runs and what ${setting} says`,
      { host, port, database },
      { cause, retriable: true },
    )
  }
}
