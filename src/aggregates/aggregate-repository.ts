import { LRUCache } from 'lru-cache'
import { readEvent, eventTypesOf, type EventTypes } from '../core/event-reading.js'
import type { EventStore } from '../core/ports/event-store.js'
import { type StreamRef, streamName } from '../core/stream.js'
import type { AggregateModel } from './aggregate-model.js'
import { type AggregateRoot, replay } from './aggregate-root.js'
import type { EventInstance } from '../core/event.js'

/** An aggregate as it stood at a version. */
export interface LoadedAggregate {
  readonly aggregate: AggregateRoot<EventInstance>
  readonly version: number
}

/**
 * Loads aggregates by replaying their events, and keeps the last used ones in memory.
 *
 * A kept aggregate may be behind the store, which other processes write to as well: what is decided on it is checked
 * against its version when it is appended. A decision changes the aggregate it is made on, so it is taken out for the
 * purpose, and put back only after its events were stored.
 */
export class AggregateRepository {
  readonly #store: EventStore
  readonly #kept: LRUCache<string, LoadedAggregate>
  readonly #eventTypes = new Map<string, EventTypes>()

  /** `capacity` is the number of aggregates kept. */
  constructor(store: EventStore, capacity: number) {
    this.#store = store
    this.#kept = new LRUCache({ max: capacity })
  }

  /** The aggregate at its last known version: 0 and without history when the stream does not exist. */
  async take(model: AggregateModel, stream: StreamRef): Promise<LoadedAggregate> {
    const name = streamName(stream)
    const kept = this.#kept.get(name)
    this.#kept.delete(name)
    return kept ?? this.#load(model, stream)
  }

  /** Whether the aggregate is at hand, so that taking it asks the store nothing. */
  keeps(stream: StreamRef): boolean {
    return this.#kept.has(streamName(stream))
  }

  /** Keeps an aggregate whose events are all stored. */
  put(stream: StreamRef, loaded: LoadedAggregate): void {
    this.#kept.set(streamName(stream), loaded)
  }

  async #load(model: AggregateModel, stream: StreamRef): Promise<LoadedAggregate> {
    const aggregate = new model.aggregateClass(stream.id)
    let version = 0
    for (const stored of await this.#store.load(stream)) {
      replay(aggregate, readEvent(stored, this.#eventTypesOf(model)).event)
      version = stored.version
    }
    return { aggregate, version }
  }

  #eventTypesOf(model: AggregateModel): EventTypes {
    const types = this.#eventTypes.get(model.name) ?? eventTypesOf(model.events.values())
    this.#eventTypes.set(model.name, types)
    return types
  }
}
