import { RepriseError } from './reprise-error.js'

/** Another rebuild of the projection is under way. It goes on undisturbed. */
export class RebuildInProgress extends RepriseError {
  constructor(projection: string) {
    super(
      'REPRISE_REBUILD_IN_PROGRESS',
      `projection ${projection} is being rebuilt already: wait until that is done`,
      { projection },
    )
  }
}
