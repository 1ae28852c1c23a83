import type { DecoratedMethod } from '../core/decorated-method.js'
import type { Envelope } from '../core/envelope.js'
import type { EventSourceRef } from '../core/event-source.js'
import type { EventType } from '../core/event.js'
import type { ServiceToken } from '../core/service-token.js'

/** A class whose methods act on the world outside. It is made with the services that it lists in `inject`. */
export type EffectsClass = new (...services: never[]) => object

/**
 * Milliseconds between tries of one event. What is away for a while, as a mail server may be, is no reason to park: with the
 * tries by default, a minute passes.
 */
export const EFFECT_PAUSES = { first: 1_000, longest: 60_000 }

/** Milliseconds that a handler may be given: it keeps a transaction open, and its lane waiting. */
export const LONGEST_EFFECT = 60_000

export const BEGINNINGS = ['now', 'earliest'] as const
/**
 * What a new class of effects does about events that are there before it: `now` acts only on those recorded from the moment
 * at which it was first started, `earliest` on all of them.
 */
export type Beginning = (typeof BEGINNINGS)[number]

/** What an effect handler gets beside its event. */
export interface EffectContext<E = unknown> {
  /**
   * Names this effect of this event, and is the same at every try, in every process and when a dead letter is retried. To be
   * handed to whoever does the work, so that a repetition does nothing.
   */
  readonly idempotencyKey: string
  readonly envelope: Envelope<E>
  /**
   * Aborted when the handler has taken too long, or the transaction was lost that keeps others from acting on the event. To
   * be handed on to whatever the handler waits for.
   */
  readonly signal: AbortSignal
}

/** How a class of effects acts on one type of event. */
export interface EffectHandlerModel {
  readonly event: EventType
  readonly method: string
  /** Called with the event and an {@link EffectContext}, the instance as `this`. */
  readonly run: DecoratedMethod
}

/** Everything that a class of effects says, checked. A plain value, which can also be made without decorators. */
export interface EffectsModel {
  readonly kind: 'effect'
  readonly name: string
  readonly effectsClass: EffectsClass
  /** Tokens of the services that its constructor takes, in order. */
  readonly inject: readonly ServiceToken[]
  readonly sources: readonly EventSourceRef[]
  readonly begin: Beginning
  /** How often an event is tried alone before it is parked. */
  readonly attempts: number
  /** Milliseconds that a handler may take. */
  readonly timeout: number
  /** By event type. */
  readonly handlers: ReadonlyMap<string, EffectHandlerModel>
}

/** What a class of effects does is never built anew: it has one generation, for good. */
export const EFFECT_GENERATION = 1
