import { LRUCache } from 'lru-cache'
import type { StoredEvent } from '../core/envelope.js'
import type { EventInstance } from '../core/event.js'
import { eventTypesOf, type EventTypes, readEvent } from '../core/event-reading.js'
import type { CallersTransaction } from '../core/ports/callers-transaction.js'
import type { EventStore } from '../core/ports/event-store.js'
import { type StreamRef, streamName } from '../core/stream.js'
import type { AggregateModel } from './aggregate-model.js'
import { type AggregateRoot, replay } from './aggregate-root.js'
import type { Snapshots } from './snapshots.js'

/** An aggregate as it stood at a version. */
export interface LoadedAggregate {
  readonly aggregate: AggregateRoot<EventInstance>
  readonly version: number
  /** That of the last snapshot known of; 0 without one. */
  readonly snapshotVersion: number
}

/**
 * Loads aggregates from their last snapshot and the events after it, or from all events, and keeps the last used ones in
 * memory. What is bounded is their number, whatever each of them takes.
 *
 * A kept aggregate may be behind the store, which other processes write to as well: it is never trusted without its
 * version, which is checked when what was decided on it is appended. A decision changes the aggregate it is made on, so it
 * is taken out for the purpose, and put back only after its events were stored.
 */
export class AggregateRepository {
  readonly #store: EventStore
  readonly #kept: LRUCache<string, LoadedAggregate>
  readonly #snapshots: Snapshots | undefined
  readonly #eventTypes = new Map<string, EventTypes>()

  /** `capacity` is the number of aggregates kept. Without `snapshots` every load reads the whole history. */
  constructor(store: EventStore, capacity: number, snapshots?: Snapshots) {
    this.#store = store
    this.#kept = new LRUCache({ max: capacity })
    this.#snapshots = snapshots
  }

  /** The aggregate at its last known version: 0 and without history when the stream does not exist. */
  async take(model: AggregateModel, stream: StreamRef): Promise<LoadedAggregate> {
    const name = streamName(stream)
    const kept = this.#kept.get(name)
    this.#kept.delete(name)
    return kept ?? this.load(model, stream)
  }

  /** Whether the aggregate is at hand, so that taking it asks the store nothing. */
  keeps(stream: StreamRef): boolean {
    return this.#kept.has(streamName(stream))
  }

  /** Keeps an aggregate whose events are all stored, `appended` of them just now. */
  put(model: AggregateModel, stream: StreamRef, loaded: LoadedAggregate, appended: number): void {
    const offered = appended > 0 ? this.#snapshots?.offer(model, stream, loaded) : undefined
    const snapshotVersion = offered ?? loaded.snapshotVersion
    this.#kept.set(streamName(stream), { ...loaded, snapshotVersion })
  }

  /** The aggregate as the store has it now, or as the transaction sees it. Neither taken from those kept nor added to them. */
  async load(model: AggregateModel, stream: StreamRef, tx?: CallersTransaction): Promise<LoadedAggregate> {
    return (await this.#fromSnapshot(model, stream, tx)) ?? (await this.#fromHistory(model, stream, tx))
  }

  /** Resolves when no snapshot waits to be written any more. */
  async idle(): Promise<void> {
    await this.#snapshots?.idle()
  }

  async #fromSnapshot(
    model: AggregateModel,
    stream: StreamRef,
    tx?: CallersTransaction,
  ): Promise<LoadedAggregate | undefined> {
    const snapshot = await this.#snapshots?.latest(model, stream, tx)
    if (snapshot === undefined) return undefined
    const options = { afterVersion: snapshot.version - 1, ...(tx === undefined ? {} : { tx }) }
    // The event that the snapshot was taken after is read along: one that is beyond the end of its stream, after a
    // restore of parts of a database, would meet nothing but conflicts.
    const [last, ...later] = await this.#store.load(stream, options)
    return last && this.#replayed(model, snapshot, later)
  }

  async #fromHistory(
    model: AggregateModel,
    stream: StreamRef,
    tx?: CallersTransaction,
  ): Promise<LoadedAggregate> {
    const aggregate = new model.aggregateClass(stream.id)
    const events = await this.#store.load(stream, tx === undefined ? {} : { tx })
    return this.#replayed(model, { aggregate, version: 0, snapshotVersion: 0 }, events)
  }

  #replayed(
    model: AggregateModel,
    { aggregate, version, snapshotVersion }: LoadedAggregate,
    events: readonly StoredEvent[],
  ): LoadedAggregate {
    for (const stored of events) replay(aggregate, readEvent(stored, this.#eventTypesOf(model)).event)
    return { aggregate, version: events.at(-1)?.version ?? version, snapshotVersion }
  }

  #eventTypesOf(model: AggregateModel): EventTypes {
    const types = this.#eventTypes.get(model.name) ?? eventTypesOf(model.events.values())
    this.#eventTypes.set(model.name, types)
    return types
  }
}
