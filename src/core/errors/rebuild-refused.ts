import { RepriseError } from './reprise-error.js'

/** A rebuild cannot be done as asked. Nothing was changed: readers go on with what they had. */
export class RebuildRefused extends RepriseError {
  constructor(projection: string, reason: string, facts: Readonly<Record<string, unknown>> = {}) {
    super('REPRISE_REBUILD_REFUSED', `${projection} cannot be rebuilt: ${reason}`, {
      ...facts,
      projection,
    })
  }
}
