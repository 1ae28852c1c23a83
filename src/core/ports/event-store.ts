import type { Metadata, ReservationChange, StoredEvent } from '../envelope.js'
import type { CommandRejected } from '../errors/command-rejected.js'
import type { ExpectedVersion, StreamRef } from '../stream.js'
import type { CallersTransaction } from './callers-transaction.js'

/** An event that a command decided, before the store gave it a position. */
export interface NewEvent {
  readonly eventId: string
  readonly type: string
  readonly schemaVersion: number
  /** JSON text, as the event's fields write it. */
  readonly payload: string
  readonly metadata: Metadata
  readonly occurredAt: Date
}

/** What was decided for one stream. */
export interface StreamAppend {
  readonly stream: StreamRef
  /** The version decided on; 0 when the stream did not exist. */
  readonly expectedVersion: number
  /** May be empty: a command that changes nothing is still recorded as accepted. */
  readonly events: readonly NewEvent[]
  /** In the order in which the handlers asked; a release comes before a reserve of the same value by another stream. */
  readonly reservations: readonly ReservationChange[]
  /** Nothing is ever appended to the stream after this. */
  readonly closes: boolean
}

/** A stream that was only read: the append holds only while it is still as expected. */
export interface StreamGuard {
  readonly stream: StreamRef
  readonly expected: ExpectedVersion
}

/** One decided unit: all of its events in all of its streams, or nothing. */
export interface AppendRequest {
  readonly commandId: string
  /** Tells one command's content from another's, so that an id used twice for different things is noticed. */
  readonly fingerprint: string
  /** One or more, each stream once, in the order of the commands. */
  readonly streams: readonly StreamAppend[]
  readonly guards: readonly StreamGuard[]
}

export interface StreamVersion {
  readonly stream: StreamRef
  readonly version: number
}

/** What the store remembers of an accepted command. */
export interface CommandResult {
  readonly fingerprint: string
  /** In the order of the commands. */
  readonly streams: readonly StreamVersion[]
}

export const APPEND_OUTCOMES = ['appended', 'conflict', 'known', 'closed', 'reserved', 'refused'] as const
export type AppendOutcome =
  /** The streams as they are now, in the order of the request. */
  | { readonly outcome: 'appended'; readonly streams: readonly StreamVersion[] }
  /** Another command moved a stream on: load again and decide again. */
  | {
      readonly outcome: 'conflict'
      readonly stream: StreamRef
      readonly expected: ExpectedVersion
      readonly actualVersion: number
    }
  /** This command id was accepted before; nothing was appended. */
  | { readonly outcome: 'known'; readonly result: CommandResult }
  /** The stream takes no more events. */
  | { readonly outcome: 'closed'; readonly stream: StreamRef }
  /** A value to be reserved is held by another stream, or one to be released is not held by this one. */
  | {
      readonly outcome: 'reserved'
      readonly stream: StreamRef
      readonly change: ReservationChange
      /** Undefined when nobody holds it. */
      readonly holder: StreamRef | undefined
    }
  /** An inline projection refused the events, by a unique constraint of its own. */
  | { readonly outcome: 'refused'; readonly rejection: CommandRejected }

/** A stream's head. */
export interface Head {
  /** 0 when the stream does not exist. */
  readonly version: number
  readonly closed: boolean
}

/** Streams' heads beside what is known of a command, read in one snapshot. */
export interface HeadsAndResult {
  /** In the order asked. */
  readonly heads: readonly Head[]
  readonly result: CommandResult | undefined
}

/** Which part of a stream to read. */
export interface LoadOptions {
  /** @defaultValue 0, from the first event on */
  readonly afterVersion?: number
  /** Reads what this transaction sees, its own appends included. */
  readonly tx?: CallersTransaction
}

/** The write side's store of truth. */
export interface EventStore {
  /**
   * Appends each request atomically: its events with dense versions, an outbox row per event, its reservations, what
   * inline projections make of it, and the command's result, or nothing. Streams are locked in sorted order. Outcomes are
   * in the order of the requests. When it rejects, the outcome of every request is unknown: ask {@link headsAndResult}
   * before deciding again.
   */
  append(requests: readonly AppendRequest[]): Promise<readonly AppendOutcome[]>

  /**
   * The same for one request in a transaction of the caller's, which decides whether it is kept. Any outcome but
   * `appended`, and a rejection that leaves the connection alive, leave the transaction usable and nothing of the request
   * in it.
   */
  appendWithin(tx: CallersTransaction, request: AppendRequest): Promise<AppendOutcome>

  /**
   * Refuses what no append could become part of, before anything is read through it. The transaction stays usable.
   *
   * @throws {@link InvalidValue} when `tx` is not inside a transaction, or not on the database of the store
   */
  requireWithin(tx: CallersTransaction): Promise<void>

  /** The stream's events, in version order; none when the stream does not exist. */
  load(stream: StreamRef, options?: LoadOptions): Promise<readonly StoredEvent[]>

  headsAndResult(
    streams: readonly StreamRef[],
    commandId: string,
    tx?: CallersTransaction,
  ): Promise<HeadsAndResult>
}
