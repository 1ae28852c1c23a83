import { type EventTypes, readEvent } from '../core/event-reading.js'
import type { EventToStore, InlineProjections } from '../core/ports/inline-projections.js'
import type { Subscriber } from '../subscriptions/index.js'
import type { Generation } from './generation.js'
import type { InlineTarget, InlineTargets } from './inline-targets.js'
import type { ProjectionModel } from './projection-model.js'

/** An inline projection, and how its generations are written. */
export interface InlineProjection<Tx> {
  readonly model: Pick<ProjectionModel, 'name' | 'handlers'>
  /** The aggregates, by name, whose events it reads. */
  readonly streamTypes: readonly string[]
  readonly subscriberFor: (generation: Generation) => Subscriber<Tx>
}

export interface InlineProjectionsOptions<Tx> {
  readonly projections: readonly InlineProjection<Tx>[]
  readonly targets: InlineTargets<Tx>
  readonly eventTypes: EventTypes
  /** What a failure to write a generation is to the command: thrown in its place. */
  readonly failureOf: (generation: Generation, error: unknown) => unknown
}

/**
 * Writes the inline projections of an app in the transaction of an append, each generation that has to be written, one
 * after the other in an order that is the same for all appends.
 */
export class AppliedInline<Tx> implements InlineProjections<Tx> {
  readonly streamTypes: ReadonlySet<string>
  readonly names: readonly string[]
  readonly #options: InlineProjectionsOptions<Tx>
  readonly #subscribers = new Map<string, Subscriber<Tx>>()

  constructor(options: InlineProjectionsOptions<Tx>) {
    const { projections } = options
    this.#options = options
    this.streamTypes = new Set(projections.flatMap(({ streamTypes }) => streamTypes))
    this.names = projections.map(({ model }) => model.name)
  }

  async apply(tx: Tx, events: readonly EventToStore[]): Promise<void> {
    const { projections, targets } = this.#options
    // Also where this build handles none of the events: what is live may be of a newer one that does.
    const concerned = new Map(
      projections
        .filter(({ streamTypes }) => events.some(({ stream }) => streamTypes.includes(stream.type)))
        .map((it) => [it.model.name, { projection: it, events: handledBy(it, events) }]),
    )
    if (concerned.size === 0) return
    for (const target of await targets.of(tx, [...concerned.keys()])) {
      const found = concerned.get(target.projection)
      if (found !== undefined && found.events.length > 0)
        await this.#write(tx, this.#subscriber(found.projection, target), target, found.events)
    }
  }

  async #write(
    tx: Tx,
    subscriber: Subscriber<Tx>,
    target: InlineTarget,
    events: readonly EventToStore[],
  ): Promise<void> {
    const { eventTypes, failureOf } = this.#options
    const envelopes = events.map((event) => readEvent(event, eventTypes))
    try {
      await subscriber.apply(tx, envelopes)
    } catch (error) {
      throw failureOf(target, error)
    }
  }

  #subscriber(projection: InlineProjection<Tx>, target: InlineTarget): Subscriber<Tx> {
    const name = `${target.projection} ${target.generation}`
    const known = this.#subscribers.get(name) ?? projection.subscriberFor(target)
    this.#subscribers.set(name, known)
    return known
  }
}

function handledBy<Tx>(
  { model, streamTypes }: InlineProjection<Tx>,
  events: readonly EventToStore[],
): readonly EventToStore[] {
  return events.filter(({ stream, type }) => streamTypes.includes(stream.type) && model.handlers.has(type))
}
