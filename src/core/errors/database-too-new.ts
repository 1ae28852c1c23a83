import { RepriseError } from './reprise-error.js'

/** A schema was migrated by a newer release than this one, and is left untouched. Use a release that knows it. */
export class DatabaseTooNew extends RepriseError {
  constructor(schema: string, found: number, known: number) {
    super(
      'REPRISE_DATABASE_TOO_NEW',
      `schema ${schema} is at migration ${found}, but this release knows only ${known}: use a newer release`,
      { schema, found, known },
    )
  }
}
