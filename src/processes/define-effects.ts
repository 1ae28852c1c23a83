import { record } from '../core/definition-metadata.js'
import type { EventInstance, EventType } from '../core/event.js'
import { recordMethods } from '../core/method-definitions.js'
import type { EffectsOptions } from './decorators.js'
import type { EffectContext, EffectsClass } from './effects-model.js'

/** The events that a method can act on: of its first parameter's type, or any if it has none. */
type EventsFor<M> = M extends (event: infer E, context: EffectContext<never>) => unknown
  ? EventType<E & EventInstance>
  : 'is not a method that can take (event, { idempotencyKey, envelope, signal })'

/** Methods that act on events, by name. */
export type ActingOn<P> = { readonly [K in keyof P & string]?: EventsFor<P[K]> }

/** What {@link defineEffects} is told: what the decorators say. */
export interface EffectsDefinition<P> extends EffectsOptions {
  /** The events of the methods that act on one, as `@On` says. */
  readonly on: ActingOn<P>
}

/**
 * Makes a class act on events in the world outside, without decorators: it says the same as `@Effects` and `@On`, and the
 * methods that it names must be public. Only records, once for a class; what is wrong is reported when the app starts.
 * Returns the class.
 *
 * @example
 * export class Receipts {
 *   constructor(private readonly mailer: Mailer) {}
 *
 *   async deposited({ amount }: MoneyDeposited, { idempotencyKey, envelope, signal }: EffectContext) {
 *     await this.mailer.send({ to: envelope.stream.id, text: `received ${amount}`, idempotencyKey }, signal)
 *   }
 * }
 *
 * defineEffects(Receipts, { name: 'receipts', from: [Account], inject: [MAILER], on: { deposited: MoneyDeposited } })
 */
export function defineEffects<K extends EffectsClass>(
  effectsClass: K,
  { on, ...options }: EffectsDefinition<InstanceType<K>>,
): K {
  recordMethods(effectsClass, 'On', on)
  record(effectsClass, { classes: [{ decorator: 'Effects', options }] })
  return effectsClass
}
