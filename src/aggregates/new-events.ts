import { createHash } from 'node:crypto'
import { type CommandInstance, commandToJson, commandTypeOf } from '../core/command.js'
import type { Metadata } from '../core/envelope.js'
import { type EventInstance, eventToJson, eventTypeOf } from '../core/event.js'
import type { NewEvent } from '../core/ports/event-store.js'

/** Every event is written at version 1 of its schema until upcasters come. */
const SCHEMA_VERSION = 1

/** What all events of one command share. */
export interface Provenance {
  readonly metadata: Metadata
  readonly occurredAt: Date
}

/** The stored form of decided events, in order, each with an id of its own. */
export function newEvents(
  events: readonly EventInstance[],
  { metadata, occurredAt }: Provenance,
  newId: () => string,
): readonly NewEvent[] {
  return events.map((event) => ({
    eventId: newId(),
    type: eventTypeOf(event),
    schemaVersion: SCHEMA_VERSION,
    payload: JSON.stringify(eventToJson(event)),
    metadata,
    occurredAt,
  }))
}

/**
 * Equal for equal commands only: type and fields, whatever order a release declares them in; hashed, so that the store
 * need not keep the content twice.
 */
export function fingerprintOf(command: CommandInstance): string {
  const fields = Object.entries(commandToJson(command)).sort(([a], [b]) => (a < b ? -1 : 1))
  const content = JSON.stringify([commandTypeOf(command), fields])
  return createHash('sha256').update(content).digest('base64url')
}
