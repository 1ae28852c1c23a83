import type { StoredEvent } from '../core/envelope.js'
import { EventNotReadable, type UnreadableEvent } from '../core/errors/index.js'
import type { ClaimedEvent, EventEncoding, ReceivedEvent } from '../core/event-encoding.js'
import { type Headers, headersOf, type Origin, ReceivedHeaders } from './headers.js'
import { readJsonPayload } from './json-payload.js'

const CONTENT_TYPE = 'application/json'
const DEFAULT_MAXIMUM_BYTES = 16 * 1024 * 1024
/** Of a header in an error message: it may be anybody's. */
const SHOWN_CHARACTERS = 100

const utf8 = new TextEncoder()

/** Who writes, and how large a payload may be that is read. */
export interface JsonEncodingOptions extends Origin {
  /** Larger values are refused before they are parsed. @defaultValue 16 MiB */
  readonly maximumBytes?: number
}

type IncomingRecord = Parameters<EventEncoding['decode']>[0]

/**
 * Writes the payload of events as the store's JSON text, and everything else into CloudEvents headers; reads only what was
 * written so. What it cannot read is an {@link EventNotReadable}.
 *
 * @example
 * const encoding = jsonEncoding({ service: 'banking', storeId })
 * const { stream, version, payload } = encoding.decode(received)
 */
export function jsonEncoding({
  maximumBytes = DEFAULT_MAXIMUM_BYTES,
  ...origin
}: JsonEncodingOptions): EventEncoding {
  return {
    contentType: CONTENT_TYPE,
    encode: (event: StoredEvent) => ({
      headers: headersOf(event, origin, CONTENT_TYPE),
      value: utf8.encode(event.payload),
    }),
    decode: (record) => {
      try {
        return decode(record, maximumBytes)
      } catch (error) {
        throw new EventNotReadable(knownOf(record.headers), reasonOf(error), error)
      }
    },
    claimed: (record) => {
      try {
        return claimedBy(record)
      } catch {
        return undefined
      }
    },
  }
}

function decode({ key, headers, value }: IncomingRecord, maximumBytes: number): ReceivedEvent {
  const received = new ReceivedHeaders(headers)
  received.expect('content-type', CONTENT_TYPE)
  received.expect('ce_specversion', '1.0')
  const eventId = received.uuid('ce_id')
  received.expect('id', eventId)
  const stream = received.stream()
  received.expect('ce_partitionkey', stream.id)
  // Under another key it would be in another partition than the rest of its stream.
  if (key !== stream.id) throw new Error('its key is not its ce_subject')
  const actor = received.optional('reprise-actor')
  const traceparent = received.optional('traceparent')
  return {
    eventId,
    stream,
    version: received.version(),
    type: received.text('ce_type'),
    schemaVersion: received.count('reprise-schema-version'),
    payload: readJsonPayload(value, maximumBytes),
    metadata: {
      commandId: received.text('reprise-command'),
      correlationId: received.text('ce_correlationid'),
      causationId: received.text('ce_causationid'),
      ...(actor === undefined ? {} : { actor }),
      ...(traceparent === undefined ? {} : { traceparent }),
    },
    occurredAt: received.time('ce_time'),
    recordedAt: received.time('ce_recordedtime'),
    storeId: received.text('reprise-store'),
  }
}

function claimedBy({ key, headers }: Pick<IncomingRecord, 'key' | 'headers'>): ClaimedEvent | undefined {
  const received = new ReceivedHeaders(headers)
  const stream = received.stream()
  if (key !== stream.id) return undefined
  return {
    eventId: received.uuid('ce_id'),
    stream,
    version: received.version(),
    type: received.text('ce_type'),
    storeId: received.text('reprise-store'),
  }
}

/** What the headers say of an event, true or not, to find it by. */
const knownOf = (headers: Headers): UnreadableEvent => ({
  eventId: shown(headers, 'ce_id'),
  type: shown(headers, 'ce_type'),
  stream: streamShown(headers),
})

function streamShown(headers: Headers): UnreadableEvent['stream'] {
  const type = shown(headers, 'ce_source')?.split('/').at(-1)
  const id = shown(headers, 'ce_subject')
  return type === undefined || id === undefined ? undefined : { type, id }
}

const shown = (headers: Headers, name: string): string | undefined =>
  Object.hasOwn(headers, name) ? headers[name]?.slice(0, SHOWN_CHARACTERS) : undefined

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
