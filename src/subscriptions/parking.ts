import type { StreamRef } from '../core/stream.js'
import type { LogRecord } from '../log/index.js'

/** Why a letter was parked, in words and as a group: like failures have the same fingerprint. */
export interface ParkedFailure {
  readonly class: 'contract' | 'handler'
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly fingerprint: string
  readonly attempts: number
  readonly firstFailedAt: Date
}

/** What is known of the event in a record; all of it where it could be decoded. */
export interface ParkedEvent {
  readonly eventId: string
  readonly stream: StreamRef
  readonly version: number
  readonly type: string
}

/** A record that was not applied, with its bytes and headers as they came. */
export interface Letter {
  readonly record: LogRecord
  readonly event: ParkedEvent | undefined
  /** Undefined for a record that is parked alone: nothing waits behind it. */
  readonly sequenceKey: string | undefined
  /** Undefined for one that only waits behind another letter of its key. */
  readonly failure: ParkedFailure | undefined
}

/** The letters of one generation, within a batch's transaction. */
export interface Parking {
  /**
   * Those of the keys that have letters, behind which their events must queue. Until the transaction ends nobody empties
   * the sequences that are in the answer.
   */
  parkedAmong(keys: readonly string[]): Promise<ReadonlySet<string>>

  /** Adds letters in the order given, and has each published to the dead-letter topic of its topic. */
  park(letters: readonly Letter[]): Promise<void>

  /** Those of the events, by id or by `topic/partition@offset`, that were given up for good. */
  discardedAmong(ids: readonly string[]): Promise<ReadonlySet<string>>
}
