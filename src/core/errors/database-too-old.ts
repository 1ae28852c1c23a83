import { RepriseError } from './reprise-error.js'

/**
 * A schema lacks migrations that this release needs, and nobody allowed it to apply them. Run `reprise db migrate`, or
 * start with `provision` on.
 */
export class DatabaseTooOld extends RepriseError {
  constructor(schema: string, found: number, needed: number) {
    super(
      'REPRISE_DATABASE_TOO_OLD',
      `schema ${schema} is at migration ${found}, but this release needs ${needed}: run reprise db migrate`,
      { schema, found, needed },
    )
  }
}
