import { RepriseError } from './reprise-error.js'

/**
 * No letter is what was asked for: it was applied or discarded meanwhile, or never parked. Look at those that there are with
 * `reprise dlq list`.
 */
export class NothingParked extends RepriseError {
  constructor(projection: string, asked: string) {
    super(
      'REPRISE_NOTHING_PARKED',
      `${projection} has no letter ${asked}: see reprise dlq list ${projection}`,
      { projection, asked },
    )
  }
}
