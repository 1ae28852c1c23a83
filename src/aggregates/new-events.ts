import { createHash } from 'node:crypto'
import { type CommandInstance, commandToJson, commandTypeOf } from '../core/command.js'
import type { Metadata } from '../core/envelope.js'
import { PayloadTooLarge } from '../core/errors/index.js'
import { type EventInstance, eventToJson, eventTypeOf } from '../core/event.js'
import type { NewEvent } from '../core/ports/event-store.js'
import type { Decided } from './aggregate-root.js'

/** Every event is written at version 1 of its schema until upcasters come. */
const SCHEMA_VERSION = 1

/** What all events of one unit of commands share. */
export interface Provenance {
  readonly metadata: Metadata
  readonly occurredAt: Date
}

/**
 * The stored form of what was decided for one stream, in order, each event with an id of its own. The first event
 * records what was reserved and released.
 *
 * @throws {@link PayloadTooLarge} for an event of more than `maxPayloadBytes` bytes of JSON
 */
export function newEvents(
  { events, reservations }: Decided,
  { metadata, occurredAt }: Provenance,
  newId: () => string,
  maxPayloadBytes: number,
): readonly NewEvent[] {
  const first = reservations.length > 0 ? { ...metadata, reservations } : metadata
  return events.map((event, index) => ({
    eventId: newId(),
    type: eventTypeOf(event),
    schemaVersion: SCHEMA_VERSION,
    payload: payloadOf(event, maxPayloadBytes),
    metadata: index === 0 ? first : metadata,
    occurredAt,
  }))
}

function payloadOf(event: EventInstance, limit: number): string {
  const payload = JSON.stringify(eventToJson(event))
  // No UTF-16 unit takes more than three bytes, so that an ordinary payload is not measured.
  if (payload.length * 3 <= limit) return payload
  const bytes = Buffer.byteLength(payload)
  if (bytes > limit) throw new PayloadTooLarge(eventTypeOf(event), bytes, limit)
  return payload
}

/**
 * Equal for equal commands in the same order only: types and fields, whatever order a release declares them in; hashed,
 * so that the store need not keep the content twice. One command alone has its own fingerprint, in a list or not.
 */
export function fingerprintOf(commands: readonly CommandInstance[]): string {
  const contents = commands.map(contentOf)
  return hashOf(contents.length === 1 ? contents[0] : contents)
}

function contentOf(command: CommandInstance): readonly unknown[] {
  const fields = Object.entries(commandToJson(command)).sort(([a], [b]) => (a < b ? -1 : 1))
  return [commandTypeOf(command), fields]
}

function hashOf(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('base64url')
}
