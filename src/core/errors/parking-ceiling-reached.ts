import { RepriseError } from './reprise-error.js'
import { subscriberHas } from './subscriber-text.js'

/**
 * A projection has stopped, or effects have, because so many keys could not be processed that the fault is rather with this
 * build than with the events: nothing more is parked. Correct or roll back the build, then retry its letters.
 */
export class ParkingCeilingReached extends RepriseError {
  constructor(
    projection: string,
    parked: number,
    of: number,
    ceiling: number,
    kind: 'projection' | 'effect' = 'projection',
  ) {
    super(
      'REPRISE_PARKING_CEILING',
      `${subscriberHas(kind, projection)} parked ${parked} of the last ${of} keys, of which ${ceiling} may be parked, and the next one failed too: correct or roll back this build, then run reprise dlq retry ${projection} --all`,
      { projection, parked, of, ceiling },
    )
  }
}
