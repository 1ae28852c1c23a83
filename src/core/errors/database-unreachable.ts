import { RepriseError } from './reprise-error.js'

/** Where a database is, without what opens it. */
export interface DatabaseAddress {
  readonly host: string
  readonly port: number
  readonly database: string
}

/** No connection to a database could be made. Takes parts and no URL, so that no password gets in. */
export class DatabaseUnreachable extends RepriseError {
  constructor({ host, port, database }: DatabaseAddress, reason: string, cause?: unknown) {
    super(
      'REPRISE_DATABASE_UNREACHABLE',
      `the database ${database} at ${host}:${port} cannot be reached: ${reason}; check that it runs and what DATABASE_URL says`,
      { host, port, database },
      { cause, retriable: true },
    )
  }
}
