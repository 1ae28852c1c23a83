import { DefinitionError } from '../core/errors/definition-error.js'
import type { emits, EventSource } from '../core/event-source.js'
import { type EventInstance, eventTypeOf } from '../core/event.js'
import type { AggregateClass } from './aggregate-model.js'
import { aggregateModelFor } from './read-aggregate-model.js'

/** Where an aggregate keeps what it has emitted. A symbol, so that a user's class is free to use any name. */
const uncommitted: unique symbol = Symbol('uncommitted events')

/**
 * The base of every aggregate: one instance is one stream, and decides on its own. Handlers decide and
 * emit; appliers alone change state. It needs no container: `new Account('576')` is an account without
 * history that can be asked directly.
 *
 * `E` is the union of the events that it may emit.
 */
export abstract class AggregateRoot<E extends EventInstance> implements EventSource<E> {
  declare readonly [emits]: E
  readonly id: string
  readonly [uncommitted]: E[] = []

  constructor(id: string) {
    this.id = id
  }

  /**
   * Applies an event at once, and records it to be stored with the others of its command. Nothing is
   * recorded if its applier throws.
   *
   * @throws {@link DefinitionError} for an event that the aggregate does not list or has no applier for
   */
  protected emit(event: E): void {
    replay(this, event)
    this[uncommitted].push(event)
  }
}

/** Applies an event that is already stored. Nothing is recorded. */
export function replay<E extends EventInstance>(aggregate: AggregateRoot<E>, event: E): void {
  const model = aggregateModelFor(aggregate.constructor as AggregateClass)
  const type = eventTypeOf(event)
  const applier = model.appliers.get(type)
  if (applier === undefined) {
    throw new DefinitionError([
      `aggregate ${model.name} does not list the event ${type}: add it to its events`,
    ])
  }
  const result = applier.run.call(aggregate, event)
  if (result instanceof Promise) {
    throw new DefinitionError([
      `aggregate ${model.name} applies ${type} asynchronously: appliers must be synchronous`,
    ])
  }
}

/** Takes what the aggregate has emitted since it was made or last asked, in order. It counts as stored from then on. */
export function takeUncommitted<E extends EventInstance>(aggregate: AggregateRoot<E>): readonly E[] {
  return aggregate[uncommitted].splice(0)
}
