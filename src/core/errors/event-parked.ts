import { RepriseError } from './reprise-error.js'

/** Which letter keeps a stream from going on in a projection. */
export interface ParkedAt {
  readonly stream: string
  readonly version: number
  readonly eventId: string | undefined
  readonly reason: string
}

/**
 * What was waited for is parked, or comes after what is: the projection does not apply it before somebody decides. Look at
 * the letter with `reprise dlq show`, then retry or discard it.
 */
export class EventParked extends RepriseError {
  readonly projection: string

  constructor(projection: string, { stream, version, eventId, reason }: ParkedAt) {
    super(
      'REPRISE_EVENT_PARKED',
      `projection ${projection} has parked ${stream} from version ${version} on: ${reason}; see reprise dlq show ${projection}; then run reprise dlq retry ${projection} --all, or give the letter up with reprise dlq discard ${projection} and its number`,
      { projection, stream, version, eventId },
    )
    this.projection = projection
  }
}
