import { type StreamRef, streamName } from '../stream.js'
import { RepriseError } from './reprise-error.js'

/** What is known of an event that could not be read. Of a foreign record that may be nothing. */
export interface UnreadableEvent {
  readonly eventId?: string | undefined
  readonly type?: string | undefined
  readonly stream?: StreamRef | undefined
  readonly version?: number | undefined
}

/**
 * A stored event cannot be turned into an instance of its class: its type is unknown or its payload does not fit. Nothing
 * is skipped. Go on with a release that lists the event, with fields that fit what is stored.
 */
export class EventNotReadable extends RepriseError {
  constructor({ eventId, type, stream, version }: UnreadableEvent, reason: string, cause?: unknown) {
    const name = stream === undefined ? undefined : streamName(stream)
    super(
      'REPRISE_EVENT_NOT_READABLE',
      `event ${eventId ?? 'without id'} (${type ?? 'no type'}, version ${version ?? 'unknown'} of ${name ?? 'no stream'}) cannot be read: ${reason}`,
      { stream: name, version, type, eventId },
      { cause },
    )
  }
}
