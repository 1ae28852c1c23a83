import type { AggregateClass, AggregateModel } from '../aggregates/index.js'
import { type HistoryPoint, historyOf, type StateAtPoint, stateAt } from '../aggregates/time-travel.js'
import type { Envelope } from '../core/envelope.js'
import { AppStopped, DefinitionError, InvalidValue } from '../core/errors/index.js'
import type { EventInstance } from '../core/event.js'
import { type EventTypes, readEvent } from '../core/event-reading.js'
import type { EventOrder } from '../core/ports/event-order.js'
import type { EventReader } from '../core/ports/event-reader.js'
import type { EventStore } from '../core/ports/event-store.js'
import type { Logger } from '../core/ports/logger.js'
import { eventsInOrder } from '../subscriptions/events-in-order.js'
import type { EventsOptions, PositionedEvent } from './app.js'
import type { AppModel } from './app-model.js'
import type { AppendSignal } from './append-signal.js'
import { milliseconds } from './duration.js'
import { followEvents } from './follow-events.js'

export interface StoredHistoryOptions {
  readonly model: AppModel
  readonly store: EventStore
  readonly history: EventReader
  readonly order: EventOrder
  readonly eventTypes: EventTypes
  readonly appends: AppendSignal
  readonly isTransient: (error: unknown) => boolean
  readonly logger: Logger
}

/** What the store of a running app holds, as its aggregates and events. */
export class StoredHistory {
  readonly #options: StoredHistoryOptions
  readonly #closing = new AbortController()

  constructor(options: StoredHistoryOptions) {
    this.#options = options
  }

  async of(
    aggregate: AggregateClass,
    id: string,
    options?: { readonly afterVersion?: number },
  ): Promise<readonly Envelope<EventInstance>[]> {
    return historyOf(this.#options.store, this.#modelOf(aggregate), id, options)
  }

  async stateAt(
    aggregate: AggregateClass,
    id: string,
    point?: HistoryPoint,
  ): Promise<StateAtPoint | undefined> {
    return stateAt(this.#options.store, this.#modelOf(aggregate), id, point)
  }

  /** Nothing is read before the first event is asked for. */
  async *events(
    options: EventsOptions = {},
  ): AsyncGenerator<PositionedEvent<EventInstance>, void, undefined> {
    const { after = 0n, follow = false, signal, timeout } = options
    refuseOddPlace(after)
    const wanted = this.#wanted(options)
    const { history, order, appends, isTransient, logger, eventTypes } = this.#options
    const streamTypes = [...wanted.streamTypes]
    const closing = this.#closing.signal
    const stored = follow
      ? followEvents(
          { history, order, appends, isTransient, logger, closing },
          { streamTypes, after, signal },
        )
      : eventsInOrder(
          { history, order },
          {
            streamTypes,
            after,
            signal: signal === undefined ? closing : AbortSignal.any([signal, closing]),
            ...(timeout === undefined ? {} : { timeout: milliseconds(timeout, 'timeout') }),
          },
        )
    for await (const event of stored) {
      if (wanted.types?.has(event.type) === false) continue
      yield { ...readEvent(event, eventTypes), position: event.position }
    }
  }

  /** Ends what is being read: what follows the store is over, and what was to reach its end throws. */
  close(): void {
    this.#closing.abort(new AppStopped('its events are read no further'))
  }

  #modelOf(aggregate: AggregateClass): AggregateModel {
    const model = this.#options.model.aggregates.find(({ aggregateClass }) => aggregateClass === aggregate)
    if (model !== undefined) return model
    throw new DefinitionError([`${aggregate.name} is not an aggregate of this app`])
  }

  /** Names of the streams to read, and of the events among theirs; undefined for all. */
  #wanted({ aggregates, types }: EventsOptions): {
    readonly streamTypes: ReadonlySet<string>
    readonly types: ReadonlySet<string> | undefined
  } {
    const models =
      aggregates?.map((it) => this.#modelOf(it as AggregateClass)) ?? this.#options.model.aggregates
    if (types === undefined) return { streamTypes: new Set(models.map(({ name }) => name)), types: undefined }
    const names = types.map(({ type }) => type)
    const faults = types
      .filter((type) => !models.some(({ events }) => events.get(type.type) === type))
      .map((type) => `the event ${type.type} is emitted by none of the aggregates that are read`)
    if (faults.length > 0) throw new DefinitionError(faults)
    const emitters = models.filter(({ events }) => names.some((name) => events.has(name)))
    return { streamTypes: new Set(emitters.map(({ name }) => name)), types: new Set(names) }
  }
}

function refuseOddPlace(after: unknown): void {
  if (typeof after === 'bigint' && after >= 0n) return
  throw new InvalidValue('events', [
    { path: 'after', problem: 'must be a bigint from 0n on, the position of an event' },
  ])
}
