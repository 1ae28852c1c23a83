import type { Metadata, StoredEvent } from '../envelope.js'
import type { StreamRef } from '../stream.js'

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

/** One decided command: all of its events, or none, follow the version it was decided on. */
export interface AppendRequest {
  readonly commandId: string
  /** Tells one command's content from another's, so that an id used twice for different things is noticed. */
  readonly fingerprint: string
  readonly stream: StreamRef
  /** The version decided on; 0 when the stream did not exist. */
  readonly expectedVersion: number
  /** May be empty: a command that changes nothing is still recorded as accepted. */
  readonly events: readonly NewEvent[]
}

/** What the store remembers of an accepted command. */
export interface CommandResult {
  readonly fingerprint: string
  readonly stream: StreamRef
  readonly version: number
}

export const APPEND_OUTCOMES = ['appended', 'conflict', 'known'] as const
export type AppendOutcome =
  | { readonly outcome: 'appended'; readonly version: number }
  /** Another command moved the stream on: load again and decide again. */
  | { readonly outcome: 'conflict'; readonly actualVersion: number }
  /** This command id was accepted before; nothing was appended. */
  | { readonly outcome: 'known'; readonly result: CommandResult }

/** A stream's head beside what is known of a command, read in one snapshot. */
export interface HeadAndResult {
  readonly version: number
  readonly result: CommandResult | undefined
}

/** The write side's store of truth. */
export interface EventStore {
  /**
   * Appends each request atomically: its events with dense versions, an outbox row per event, and the command's result,
   * or nothing. Outcomes are in the order of the requests. When it rejects, the outcome of every request is unknown:
   * ask {@link headAndResult} before deciding again.
   */
  append(requests: readonly AppendRequest[]): Promise<readonly AppendOutcome[]>

  /** The stream's events after `afterVersion`, in version order; none when the stream does not exist. */
  load(stream: StreamRef, afterVersion?: number): Promise<readonly StoredEvent[]>

  headAndResult(stream: StreamRef, commandId: string): Promise<HeadAndResult>
}
