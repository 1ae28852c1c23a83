import { isDeepStrictEqual } from 'node:util'
import type { CallersTransaction } from '../core/ports/callers-transaction.js'
import type { Logger } from '../core/ports/logger.js'
import type { Snapshot, SnapshotStore } from '../core/ports/snapshot-store.js'
import { type StreamRef, streamName } from '../core/stream.js'
import type { AggregateModel, SnapshotPolicy, StateModel } from './aggregate-model.js'
import { currentState, restoreFromSnapshot, stateToSnapshot } from './aggregate-state.js'
import type { LoadedAggregate } from './aggregate-repository.js'

export interface SnapshotsOptions {
  readonly store: SnapshotStore
  readonly logger: Logger
}

/** How many are written at the same time: they must not compete with commands for connections. */
const MOST_AT_ONCE = 2

/** How many wait to be written. Beyond that the one that waits longest is dropped: it is only a shortcut. */
const MOST_WAITING = 100

interface WaitingSnapshot {
  readonly model: AggregateModel
  readonly state: StateModel
  readonly snapshot: Snapshot
}

/**
 * Takes snapshots of aggregates, and makes aggregates from them. Nothing here ever fails a command: a snapshot that
 * cannot be read, made or written is logged and done without.
 *
 * A snapshot is made when the command's events are stored, since the aggregate may change at once, and written after that:
 * no command waits for it. Of several of one stream only the newest is written.
 */
export class Snapshots {
  readonly #options: SnapshotsOptions
  readonly #waiting = new Map<string, WaitingSnapshot>()
  readonly #writing = new Set<Promise<void>>()

  constructor(options: SnapshotsOptions) {
    this.#options = options
  }

  /** A new aggregate in the state of its last snapshot, if it has one that can be used. */
  async latest(
    model: AggregateModel,
    stream: StreamRef,
    tx?: CallersTransaction,
  ): Promise<LoadedAggregate | undefined> {
    const { state } = model
    // Without a policy nobody writes any, so that asking for one is a round trip for nothing.
    if (state?.snapshots === undefined) return undefined
    const snapshot = await this.#read(stream, state.version, tx)
    // What a store answers is not trusted without its version.
    if (snapshot?.stateVersion !== state.version) return undefined
    const { version } = snapshot
    try {
      const aggregate = new model.aggregateClass(stream.id)
      restoreFromSnapshot(model, state, aggregate, snapshot.state)
      return { aggregate, version, snapshotVersion: version }
    } catch (error) {
      this.#warn(stream, version, error, 'a snapshot cannot be used: the whole history is read instead')
      return undefined
    }
  }

  /**
   * Takes a snapshot if the aggregate's policy says so, and answers the version of the last snapshot known of, which may
   * not be written yet. To be called right after an append, before the aggregate is decided on again.
   */
  offer(model: AggregateModel, stream: StreamRef, loaded: LoadedAggregate): number {
    const { version, snapshotVersion } = loaded
    const { state } = model
    if (state?.snapshots === undefined) return snapshotVersion
    try {
      if (!isDue(state.snapshots, version, version - snapshotVersion)) return snapshotVersion
      const json = stateToSnapshot(state, currentState(model, state, loaded.aggregate))
      const snapshot = { stream, version, stateVersion: state.version, state: json }
      this.#enqueue({ model, state, snapshot })
    } catch (error) {
      this.#warn(stream, version, error, 'no snapshot is taken: its policy or the state failed')
    }
    // A failure is not tried again with every event that follows.
    return version
  }

  /** Resolves when nothing waits to be written any more. */
  async idle(): Promise<void> {
    while (this.#writing.size > 0) await Promise.all(this.#writing)
  }

  async #read(
    stream: StreamRef,
    stateVersion: number,
    tx: CallersTransaction | undefined,
  ): Promise<Snapshot | undefined> {
    try {
      return await this.#options.store.latest(stream, stateVersion, tx)
    } catch (error) {
      // A statement that failed has spoilt the caller's transaction: nothing can be read in it any more.
      if (tx !== undefined) throw error
      this.#warn(stream, undefined, error, 'no snapshot could be read: the whole history is read instead')
      return undefined
    }
  }

  #enqueue(waiting: WaitingSnapshot): void {
    const name = streamName(waiting.snapshot.stream)
    this.#waiting.delete(name)
    this.#waiting.set(name, waiting)
    const [longest] = this.#waiting.keys()
    if (this.#waiting.size > MOST_WAITING && longest !== undefined) this.#waiting.delete(longest)
    if (this.#writing.size < MOST_AT_ONCE) this.#startWriting()
  }

  #startWriting(): void {
    const writing = this.#writeAll().finally(() => this.#writing.delete(writing))
    this.#writing.add(writing)
  }

  async #writeAll(): Promise<void> {
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      const { stream, version } = next.snapshot
      try {
        refuseForgetful(next)
        await this.#options.store.save(next.snapshot)
      } catch (error) {
        this.#warn(stream, version, error, 'a snapshot is not written')
      }
    }
  }

  #take(): WaitingSnapshot | undefined {
    for (const [name, waiting] of this.#waiting) {
      this.#waiting.delete(name)
      return waiting
    }
    return undefined
  }

  #warn(stream: StreamRef, version: number | undefined, error: unknown, message: string): void {
    this.#options.logger.warn({ stream: streamName(stream), version, error: String(error) }, message)
  }
}

function isDue(policy: SnapshotPolicy, version: number, eventsSince: number): boolean {
  return typeof policy === 'function' ? policy({ version, eventsSince }) : eventsSince >= policy.every
}

/** An aggregate that forgets a field on the way through its state would decide otherwise after a restart. */
function refuseForgetful({ model, state, snapshot }: WaitingSnapshot): void {
  const again = new model.aggregateClass(snapshot.stream.id)
  restoreFromSnapshot(model, state, again, snapshot.state)
  if (!isDeepStrictEqual(stateToSnapshot(state, currentState(model, state, again)), snapshot.state))
    throw new Error(`restore() of ${model.aggregateClass.name} gives another state than state() told`)
}
