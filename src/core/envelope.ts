import type { StreamRef } from './stream.js'

/** What a handler did with a value that may be held by one stream at a time. */
export interface ReservationChange {
  readonly kind: 'reserve' | 'release'
  readonly scope: string
  readonly value: string
}

/** Where an event comes from: the command that led to it, and what that command in turn came from. */
export interface Metadata {
  readonly commandId: string
  /** The same for everything that one request from outside led to. */
  readonly correlationId: string
  /** The id of the command or event that caused the command. */
  readonly causationId: string
  /** Who asked for it. */
  readonly actor?: string
  /** W3C trace context of the command. */
  readonly traceparent?: string
  /**
   * What its command reserved and released, on the first event that it appended to the stream: so that the table of
   * reservations can be made again from history. Stays there: values may be personal, and whoever reads the event, from
   * a topic or from the store, gets it without them.
   */
  readonly reservations?: readonly ReservationChange[]
}

/** An event with what the store knows about it. */
export interface Envelope<E = unknown> {
  readonly eventId: string
  readonly stream: StreamRef
  /** Counts from 1 in its stream, without gaps. 0: a foreign producer wrote it, and did not number it. */
  readonly version: number
  readonly type: string
  readonly schemaVersion: number
  readonly event: E
  readonly metadata: Metadata
  /** When it happened in the domain. */
  readonly occurredAt: Date
  /** When the store took it. */
  readonly recordedAt: Date
}

/** An event as the store gives it out, not yet decoded. */
export interface StoredEvent {
  /** Counts over the whole store, with gaps, and not in the order of commits. */
  readonly position: bigint
  readonly eventId: string
  readonly stream: StreamRef
  readonly version: number
  readonly type: string
  readonly schemaVersion: number
  /** JSON text. */
  readonly payload: string
  readonly metadata: Metadata
  readonly occurredAt: Date
  readonly recordedAt: Date
}
