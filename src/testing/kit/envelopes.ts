import { createHash } from 'node:crypto'
import type { Envelope, Metadata } from '../../core/envelope.js'
import { type EventInstance, eventTypeOf, isEvent } from '../../core/event.js'
import type { StreamRef } from '../../core/stream.js'
import { assertionError } from './assertion.js'
import { defaultTime } from './context.js'
import { shown } from './difference.js'

/** What an envelope says beside its event. What is not given follows from the rest, the same each time. */
export interface EnvelopeFacts {
  /** Its id alone is enough where a projection says which aggregate it is of. @defaultValue the stream 'test' */
  readonly stream?: string | StreamRef
  /** @defaultValue 1 */
  readonly version?: number
  /** @defaultValue noon UTC of the first of January 2026 */
  readonly occurredAt?: Date
  /** @defaultValue when it occurred */
  readonly recordedAt?: Date
  /** @defaultValue a UUID that follows from stream and version */
  readonly eventId?: string
  /** @defaultValue 1 */
  readonly schemaVersion?: number
  /** @defaultValue a command id that follows from the event's, which is its correlation and causation as well */
  readonly metadata?: Partial<Metadata>
}

/** Events of one stream, made by {@link on}. */
export interface EventsOnStream {
  readonly facts: EnvelopeFacts
  readonly events: readonly EventInstance[]
}

/** What a projection is given: events by stream, and envelopes, in the order in which it reads them. */
export type GivenEvents = readonly (EventsOnStream | Envelope<EventInstance>)[]

/**
 * An event in an envelope, as a projection's handler gets it. Equal arguments give equal envelopes, ids included.
 *
 * @example
 * envelopeOf(new MoneyDeposited({ amount: 5n }), { stream: '576', version: 2, occurredAt: new Date('2026-03-01') })
 */
export function envelopeOf<E extends EventInstance>(event: E, facts: EnvelopeFacts = {}): Envelope<E> {
  const stream = streamOf(facts.stream ?? 'test')
  const { version = 1, occurredAt = new Date(defaultTime), schemaVersion = 1, metadata } = facts
  const eventId = facts.eventId ?? idFrom(['event', stream.type, stream.id, version])
  const commandId = metadata?.commandId ?? idFrom(['command', eventId])
  return {
    eventId,
    stream,
    version,
    type: eventTypeOf(event),
    schemaVersion,
    event,
    metadata: { correlationId: commandId, causationId: commandId, ...metadata, commandId },
    occurredAt: new Date(occurredAt),
    recordedAt: new Date(facts.recordedAt ?? occurredAt),
  }
}

/**
 * Events of one stream, in order. Versions count from 1, and go on where the same stream comes again; the facts of all
 * of them can be given in the place of the stream's id.
 *
 * @example
 * on('576', new AccountOpened({ owner: 'Ada' }), new MoneyDeposited({ amount: 5n }))
 * on({ stream: '576', occurredAt: new Date('2026-03-01') }, new MoneyDeposited({ amount: 7n }))
 */
export function on(
  stream: string | StreamRef | (Omit<EnvelopeFacts, 'eventId'> & { readonly stream: string | StreamRef }),
  ...events: readonly EventInstance[]
): EventsOnStream {
  const isStream = typeof stream === 'string' || !('stream' in stream)
  return { facts: isStream ? { stream } : stream, events }
}

/**
 * The envelopes of given events, in order. `typeOf` says of which type the stream of an event is that was named by its id
 * alone.
 *
 * @throws an AssertionError where the versions of a stream do not rise
 */
export function envelopesOf(
  given: GivenEvents,
  typeOf: (event: EventInstance) => string,
): readonly Envelope<EventInstance>[] {
  const versions = new Map<string, number>()
  const inOrder = (envelope: Envelope<EventInstance>): Envelope<EventInstance> => {
    const { type, id } = envelope.stream
    const key = `${type}-${id}`
    const last = versions.get(key) ?? 0
    if (envelope.version <= last)
      throw assertionError(
        `version ${envelope.version} of ${key} is given after version ${last}: versions of a stream rise`,
      )
    versions.set(key, envelope.version)
    return envelope
  }
  requireList(given)
  return given.flatMap((item) => {
    if (!('facts' in item)) return [inOrder(item.stream.type === '' ? named(item, typeOf) : item)]
    return item.events.map((event, index) => {
      if (!isEvent(event)) throw assertionError('on(stream, …events) takes events')
      const stream = streamOf(item.facts.stream ?? '', typeOf(event))
      const next = (versions.get(`${stream.type}-${stream.id}`) ?? 0) + 1
      const version = index === 0 ? (item.facts.version ?? next) : next
      return inOrder(envelopeOf(event, { ...item.facts, stream, version }))
    })
  })
}

/** What JavaScript may give. */
function requireList(given: unknown): void {
  if (!Array.isArray(given)) throw assertionError('events are given as a list: [on(stream, …events)]')
  for (const item of given as readonly unknown[]) {
    if (typeof item === 'object' && item !== null && ('facts' in item || 'stream' in item) && !isEvent(item))
      continue
    throw assertionError(`events are given as on(stream, …events) or as envelopes, not as ${shown(item)}`)
  }
}

function named(
  envelope: Envelope<EventInstance>,
  typeOf: (event: EventInstance) => string,
): Envelope<EventInstance> {
  return { ...envelope, stream: { ...envelope.stream, type: typeOf(envelope.event) } }
}

/** The type is empty until somebody knows it. */
function streamOf(stream: string | StreamRef, type = ''): StreamRef {
  return typeof stream === 'string' ? { type, id: stream } : { type: stream.type || type, id: stream.id }
}

/** A UUID of version 8, which is made from whatever one likes. */
function idFrom(facts: readonly unknown[]): string {
  const hash = createHash('sha256').update(JSON.stringify(facts)).digest('hex')
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`
}
