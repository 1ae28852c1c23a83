import type { Envelope, StoredEvent } from './envelope.js'
import { EventNotReadable } from './errors/event-not-readable.js'
import { eventFromJson, type EventInstance, type EventType } from './event.js'

/** Event classes by the name under which their events are stored. */
export type EventTypes = ReadonlyMap<string, EventType>

/** Every class under its stored name. Two classes of one name are refused when an app's definition is checked. */
export function eventTypesOf(classes: Iterable<EventType>): EventTypes {
  return new Map([...classes].map((eventClass) => [eventClass.type, eventClass]))
}

/**
 * Reads a stored event into an instance of its class.
 *
 * @throws {@link EventNotReadable} when no class is known for its type or the payload does not fit it
 */
export function readEvent(stored: Omit<StoredEvent, 'position'>, types: EventTypes): Envelope<EventInstance> {
  const { eventId, stream, version, type, schemaVersion, metadata, occurredAt, recordedAt } = stored
  const eventClass = types.get(type)
  if (eventClass === undefined) throw new EventNotReadable(stored, 'no event of this type is defined')
  return {
    eventId,
    stream,
    version,
    type,
    schemaVersion,
    event: payloadOf(stored, eventClass),
    metadata,
    occurredAt,
    recordedAt,
  }
}

function payloadOf(stored: Omit<StoredEvent, 'position'>, eventClass: EventType): EventInstance {
  try {
    return eventFromJson(eventClass, JSON.parse(stored.payload))
  } catch (error) {
    throw new EventNotReadable(stored, error instanceof Error ? error.message : String(error), error)
  }
}
