import type { StoredEvent } from './envelope.js'

/** The parts of a log record that an event determines. */
export interface EncodedEvent {
  readonly headers: Readonly<Record<string, string>>
  readonly value: Uint8Array
}

/**
 * How a stored event travels in a topic, and how it comes back. Lossless: decoding what was encoded gives an equal
 * event for every field type. Neither direction needs the event's class; reading the payload into one comes later.
 */
export interface EventEncoding {
  /** The media type that the `content-type` header announces. */
  readonly contentType: string

  encode(event: StoredEvent): EncodedEvent

  /** Reads a record back. Bytes or headers that are not ours are an {@link EventNotReadable}. */
  decode(record: {
    readonly key: string
    readonly headers: Readonly<Record<string, string>>
    readonly value: Uint8Array | null
    readonly timestamp: Date
  }): ReceivedEvent
}

/** An event as a topic delivers it: everything that was stored but its position, with the store that wrote it. */
export type ReceivedEvent = Omit<StoredEvent, 'position'> & { readonly storeId: string }
