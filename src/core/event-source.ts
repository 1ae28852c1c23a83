import type { Contract } from './contract.js'
import type { EventInstance } from './event.js'

/** Carries, in types only, which events the instances of a class may emit. */
export declare const emits: unique symbol

/** What emits events, such as an aggregate. */
export interface EventSource<E extends EventInstance = EventInstance> {
  readonly [emits]: E
}

/** A class of event sources: what a projection names in `from`. */
export type EventSourceClass<E extends EventInstance = EventInstance> = new (
  ...args: never[]
) => EventSource<E>

/** What a projection may read from: aggregates of its own app, or contracts of other teams. */
export type EventSourceRef = EventSourceClass | Contract

/** The events that a source emits. */
export type EventsOf<S> = S extends EventSource<infer E> ? E : S extends EventSourceClass<infer E> ? E : never
