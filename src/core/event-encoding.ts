import type { StoredEvent } from './envelope.js'
import type { StreamRef } from './stream.js'

/** The parts of a log record that an event determines. */
export interface EncodedEvent {
  readonly headers: Readonly<Record<string, string>>
  readonly value: Uint8Array
}

/** Which event a record says it is, true or not. */
export interface ClaimedEvent {
  readonly eventId: string
  readonly stream: StreamRef
  readonly version: number
  readonly type: string
  readonly storeId: string
}

/**
 * How a stored event travels in a topic, and how it comes back. Lossless: decoding what was encoded gives an equal
 * event for every field type. Neither direction needs the event's class; reading the payload into one comes later.
 */
export interface EventEncoding {
  /** The media type that the `content-type` header announces. */
  readonly contentType: string

  /** What stands for the event in a record. */
  encode(event: StoredEvent): EncodedEvent

  /** Reads a record back. Bytes or headers that are not ours are an {@link EventNotReadable}. */
  decode(record: {
    readonly key: string
    readonly headers: Readonly<Record<string, string>>
    readonly value: Uint8Array | null
    readonly timestamp: Date
  }): ReceivedEvent

  /** Which event a record stands for by what is written beside its value; undefined where that is not all there. */
  claimed(record: {
    readonly key: string
    readonly headers: Readonly<Record<string, string>>
  }): ClaimedEvent | undefined
}

/** An event as a topic delivers it: everything that was stored but its position, with the store that wrote it. */
export type ReceivedEvent = Omit<StoredEvent, 'position'> & { readonly storeId: string }
