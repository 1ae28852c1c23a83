import type { JsonValue } from '../fields/json-value.js'
import type { StreamRef } from '../stream.js'
import type { CallersTransaction } from './callers-transaction.js'

/** The state of an aggregate after one of its events: a shortcut for loading it, never a source of truth. */
export interface Snapshot {
  readonly stream: StreamRef
  readonly version: number
  /** The version of the state's own definition. */
  readonly stateVersion: number
  readonly state: JsonValue
}

/** Keeps the last snapshot of a stream. All of it may be deleted at any time. */
export interface SnapshotStore {
  /** The stream's snapshot, if there is one that was made from this version of the state. */
  latest(stream: StreamRef, stateVersion: number, tx?: CallersTransaction): Promise<Snapshot | undefined>

  /** Keeps it in the place of an older one; does nothing where a newer one of the same state version is kept. */
  save(snapshot: Snapshot): Promise<void>
}
