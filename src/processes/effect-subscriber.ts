import type { Envelope } from '../core/envelope.js'
import type { EventInstance } from '../core/event.js'
import { type GivenEvent, HandlerFailed, type Subscriber } from '../subscriptions/index.js'
import { effectFingerprint } from './effect-fingerprint.js'
import { EFFECT_GENERATION, type EffectsModel } from './effects-model.js'
import { EffectTimedOut } from './effect-timed-out.js'
import { OpenTransaction } from './open-transaction.js'
import { TransactionLost } from './transaction-lost.js'

export interface EffectSubscriberOptions<Tx> {
  readonly app: string
  readonly model: EffectsModel
  /** It acts on events that were recorded then or later. Undefined: on all of them. */
  readonly actsFrom: Date | undefined
  /** Makes the instance whose methods are the handlers. */
  readonly create: () => object
  /** Does something in a transaction that changes nothing: rejects where the transaction is gone. */
  readonly touch: (tx: Tx) => Promise<void>
  /** Milliseconds after which the server may end a transaction that nothing is done in. */
  readonly idleLimit: number
}

/**
 * Acts on events, each in a transaction of its own that has moved the checkpoint already: who has lost the lane finds that
 * out before it acts, and nobody else can act on the event until the transaction ends.
 */
export class EffectSubscriber<Tx> implements Subscriber<Tx> {
  readonly name: string
  readonly generation = EFFECT_GENERATION
  readonly handles: ReadonlySet<string>
  readonly kind = 'effect'
  readonly definition: string
  readonly oneAtATime = true
  readonly #options: EffectSubscriberOptions<Tx>
  readonly #instance: object

  constructor(options: EffectSubscriberOptions<Tx>) {
    this.name = options.model.name
    this.handles = new Set(options.model.handlers.keys())
    this.definition = effectFingerprint(options.model)
    this.#options = options
    this.#instance = options.create()
  }

  wants({ recordedAt }: GivenEvent): boolean {
    const { actsFrom } = this.#options
    return actsFrom === undefined || recordedAt >= actsFrom
  }

  async apply(tx: Tx, envelopes: readonly Envelope<EventInstance>[]): Promise<void> {
    for (const envelope of envelopes) await this.#act(tx, envelope)
  }

  /**
   * What a handler throws is its own, in whatever words: only where the transaction is gone was it not to blame. It was all
   * the same where that was neglected: a handler that keeps its process busy would lose it at every try.
   */
  async #act(tx: Tx, envelope: Envelope<EventInstance>): Promise<void> {
    const { touch, idleLimit } = this.#options
    const aborting = new AbortController()
    const open = new OpenTransaction(
      () => touch(tx),
      idleLimit,
      (lost) => aborting.abort(lost),
    )
    try {
      await this.#run(envelope, aborting)
      if (open.isNeglected && (await open.loss()) === 'neglected') throw new TransactionLost(idleLimit)
    } catch (error) {
      throw new HandlerFailed(envelope, error, (await open.loss()) === 'cut')
    } finally {
      await open.leave()
    }
  }

  /**
   * Not waited for beyond its time, since it need not heed the signal. One that kept the timer from going off has taken too
   * long as well.
   */
  async #run(envelope: Envelope<EventInstance>, aborting: AbortController): Promise<void> {
    const { app, model } = this.#options
    const idempotencyKey = `${app}.${model.name}:${envelope.eventId}`
    const context = { idempotencyKey, envelope, signal: aborting.signal }
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        const error = new EffectTimedOut(model.timeout)
        aborting.abort(error)
        reject(error)
      }, model.timeout)
    })
    const begun = performance.now()
    try {
      const handler = model.handlers.get(envelope.type)
      await Promise.race([handler?.run.call(this.#instance, envelope.event, context), late])
      if (performance.now() - begun > model.timeout) throw new EffectTimedOut(model.timeout)
    } finally {
      clearTimeout(timer)
    }
  }
}
