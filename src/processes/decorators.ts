import type { InstanceMethodContext, TypedClassDecorator } from '../core/decorator-types.js'
import { classRecorder, methodRecorder } from '../core/decorator-recorders.js'
import type { Duration } from '../core/duration.js'
import type { EventSourceRef } from '../core/event-source.js'
import type { EventInstance, EventType } from '../core/event.js'
import type { ServiceToken } from '../core/service-token.js'
import type { Beginning, EffectContext, EffectsClass } from './effects-model.js'

/** What a class of effects says about the whole of it. */
export interface EffectsOptions {
  /** Persisted: in checkpoints, consumer groups and idempotency keys. It must never change; the class may be renamed. */
  readonly name: string
  /** The aggregates, or the contracts, whose events it acts on. */
  readonly from: readonly EventSourceRef[]
  /**
   * Whether a new class acts on all of history, or only on events that the store recorded from the moment at which it was
   * first started. Decided at that start, for good: no later value changes it. @defaultValue 'now'
   */
  readonly begin?: Beginning
  /**
   * How often an event that its handler failed at is tried alone before it is parked, 1 to 100; each try is counted before
   * it is made, so that one which ends the process counts. Between them are pauses from a second to a minute, each twice as
   * long as the one before, in which its partition waits. @defaultValue 8
   */
  readonly attempts?: number
  /**
   * How long a handler may take, up to a minute. One that takes longer has failed: its signal is aborted, and nobody waits
   * for it any more. @defaultValue '10s'
   */
  readonly timeout?: Duration
  /** Tokens of the services that the constructor takes, in order. The app is given their container. */
  readonly inject?: readonly ServiceToken[]
}

/**
 * Makes a class act on events in the world outside, by e-mail or HTTP: at least once for each event, in the order of its
 * stream, and never in a rebuild. Its one instance in a process is made with the services that `inject` lists. Only records:
 * what is wrong is reported when the app starts, all at once. Without decorators: {@link defineEffects}.
 *
 * @example
 * @Effects({ name: 'receipts', from: [Account], inject: [MAILER] })
 * export class Receipts {
 *   constructor(private readonly mailer: Mailer) {}
 *
 *   @On(MoneyDeposited)
 *   async deposited({ amount }: MoneyDeposited, { idempotencyKey, envelope, signal }: EffectContext) {
 *     await this.mailer.send({ to: envelope.stream.id, text: `received ${amount}`, idempotencyKey }, signal)
 *   }
 * }
 */
export function Effects(options: EffectsOptions): TypedClassDecorator<EffectsClass> {
  return classRecorder({ decorator: 'Effects', options })
}

/** A decorator for methods that act on events `E`, in both decorator modes. They may be async. */
export interface OnDecorator<E extends EventInstance> {
  <M extends (event: E, context: EffectContext<E>) => unknown>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): void
  <M extends (event: E, context: EffectContext<E>) => unknown>(
    method: M,
    context: InstanceMethodContext,
  ): void
}

/**
 * Makes a method act on an event. It runs once for each event, but again where a process or its database ended between the
 * end of the method and the commit that notes it, and after it failed: what it does must bear repetition, for which it gets
 * an idempotency key. It has a transaction to itself, which keeps every other process from acting on the event meanwhile,
 * and which it cannot write in. An event at which it throws again and again is parked, and the later ones of its stream wait
 * behind it; all others go on.
 *
 * @throws {@link DefinitionError} as a standard decorator, at once, on what is no method or has a # name
 *
 * @example
 * @On(AccountOpened)
 * async welcome({ owner }: AccountOpened, { idempotencyKey, signal }: EffectContext) {
 *   const headers = { 'idempotency-key': idempotencyKey }
 *   const response = await fetch(WELCOME, { method: 'POST', headers, body: JSON.stringify({ owner }), signal })
 *   if (!response.ok) throw new Error(`the letter was not sent: ${response.status}`)
 * }
 */
export function On<E extends EventInstance>(event: EventType<E>): OnDecorator<E> {
  return methodRecorder({ decorator: 'On', message: event, options: {} })
}
