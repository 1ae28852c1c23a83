import { BuildRefused, type ProjectionStopped } from '../core/errors/index.js'
import type { LogSubscription } from '../log/index.js'
import {
  type BatchScope,
  checkpointsWith,
  type MoveOutcome,
  patiently,
  recordedBounds,
  type Subscriber,
  Subscription,
  type SubscriptionOptions,
} from '../subscriptions/index.js'
import { effectFingerprint } from './effect-fingerprint.js'
import { effectGroup, type EffectParts } from './effect-parts.js'
import type { RegisteredEffects } from './effect-registry.js'
import { EFFECT_GENERATION, EFFECT_PAUSES } from './effects-model.js'
import type { Places } from './places.js'

type BatchWork<Tx> = (scope: BatchScope<Tx>) => Promise<void>

/**
 * Feeds a class of effects.
 *
 * States: created → running ⇄ aside → stopped by a failure, or by {@link stop}. Where a newer release acts on events that this
 * build would pass by, the runner stands aside, from its start on or from when that release begins, until its build may act
 * again; what it does not act on waits for the processes that have the other one.
 */
export class EffectRunner<Tx> {
  readonly #parts: EffectParts<Tx>
  readonly #places: Places
  #subscription: LogSubscription | undefined
  #subscriber: Subscriber<Tx> | undefined
  #failure: ProjectionStopped | undefined
  #failureNoted = false
  #applied = 0
  #aside: string | undefined
  #changing: Promise<void> = Promise.resolve()
  #stopping = false

  /** As many batches of all effects of the process are open at a time as there are places: each holds a connection. */
  constructor(parts: EffectParts<Tx>, places: Places) {
    this.#parts = parts
    this.#places = places
  }

  get name(): string {
    return this.#parts.model.name
  }

  /** Events acted on since the start. */
  get applied(): number {
    return this.#applied
  }

  /** What stopped it in this process. */
  get failure(): ProjectionStopped | undefined {
    return this.#failure
  }

  /** What it feeds, as the feeders of projections say it; from whichever build. */
  get feeding() {
    if (this.#subscription === undefined) return undefined
    const fingerprint = effectFingerprint(this.#parts.model)
    return { projection: this.name, generation: EFFECT_GENERATION, fingerprint }
  }

  /** What acts on letters beside it: the same instance, in as many transactions as all effects may have open together. */
  get parts(): EffectParts<Tx> {
    const { subscriberFor } = this.#parts
    return {
      ...this.#parts,
      checkpoints: this.#checkpoints(),
      subscriberFor: (registered) => this.#subscriber ?? subscriberFor(registered),
    }
  }

  /** Why this process leaves it to others. */
  get aside(): string | undefined {
    return this.#aside
  }

  /** Records the class where it is new, and joins its group; or stands aside, where this build lacks what is acted on. */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      const { model, isTransient, logger } = this.#parts
      const feed = await patiently(() => this.#registerOrAside(), {
        isTransient,
        isOver: () => this.#stopping,
        onFailure: (error) => {
          const facts = { effects: model.name, error: String(error) }
          logger.warn(facts, 'effects could not be started; it will be tried again')
        },
      })
      await feed?.()
    })
  }

  /** Takes part again once this build may, and keeps what the database says of it true. */
  follow(): Promise<void> {
    return this.#inTurn(async () => {
      const { registry } = this.#parts
      if (this.#failure !== undefined) return this.#noteFailure()
      if (this.#stopping) return
      if (this.#aside !== undefined && !(await registry.fits())) return
      if (this.#subscription === undefined) return this.#takePart()
      // Another process could not go on with what this one may be able to.
      if ((await registry.status())?.state === 'stopped') await registry.setState('running')
    })
  }

  /** Waits for handlers under way; those that wait for a place do not begin any more. */
  stop(): Promise<void> {
    this.#stopping = true
    return this.#inTurn(() => this.#leave())
  }

  /** What begins to feed it; undefined where this build may not, and stands aside. */
  async #registerOrAside(): Promise<(() => Promise<void>) | undefined> {
    const { model, source, registry } = this.#parts
    try {
      const registered = await registry.ensure()
      await registry.setState('running')
      const ref = { name: model.name, generation: EFFECT_GENERATION }
      const boundsOf = await recordedBounds({ ...this.#parts, generations: registry }, source, ref)
      this.#aside = undefined
      return () => this.#feed(registered, boundsOf)
    } catch (error) {
      if (!(error instanceof BuildRefused)) throw error
      this.#standAside(error)
      return undefined
    }
  }

  async #feed(registered: RegisteredEffects, boundsOf: SubscriptionOptions<Tx>['boundsOf']): Promise<void> {
    const { app, model, source, lease, subscriberFor } = this.#parts
    this.#subscriber ??= subscriberFor(registered)
    const subscription = new Subscription({
      ...this.#parts,
      checkpoints: this.#checkpoints(),
      subscriber: this.#subscriber,
      boundsOf,
      gaps: source.gaps,
      attempts: model.attempts,
      pauses: EFFECT_PAUSES,
      onStopped: (error) => this.#fail(error),
      onRetired: () => this.#outgrown(),
      onApplied: (_lane, events) => (this.#applied += events),
    })
    const group = effectGroup(app, model.name)
    this.#subscription = await source.join({ group, lease, consumer: subscription })
  }

  /** Feeds it if this build may, and stands aside if not. */
  async #takePart(): Promise<void> {
    await this.#leave()
    const stoodAside = this.#aside !== undefined
    const feed = await this.#registerOrAside()
    if (feed === undefined) return
    await feed()
    if (stoodAside)
      this.#parts.logger.info({ effects: this.name }, 'this process takes part in these effects again')
  }

  #checkpoints(): EffectParts<Tx>['checkpoints'] {
    const { checkpoints, registry } = this.#parts
    return checkpointsWith(checkpoints, {
      // Only once the lane is taken: whoever has begun to act on more events since then has fenced it. Which build it is does
      // not matter, but only what it has handlers for.
      take: async ({ name, generation }, lane) => {
        const taken = await checkpoints.take({ name, generation }, lane)
        return (await registry.fits()) ? taken : 'retired'
      },
      move: (subscriber, move, work) =>
        this.#places.take(() =>
          this.#stopping
            ? Promise.resolve('fenced')
            : movedOrWhy((kept) => checkpoints.move(subscriber, move, kept), work),
        ),
      backfill: (subscriber, work) => this.#places.take(() => checkpoints.backfill(subscriber, work)),
    })
  }

  #outgrown(): void {
    void this.#inTurn(() => (this.#stopping ? Promise.resolve() : this.#takePart())).catch(
      (error: unknown) => {
        const facts = { effects: this.name, error: String(error) }
        this.#parts.logger.warn(facts, 'effects could not be taken up again; it will be tried again')
      },
    )
  }

  #standAside({ faults }: BuildRefused): void {
    const reason = faults.join('; ')
    if (this.#aside === reason) return
    this.#aside = reason
    const facts = { effects: this.name, error: reason }
    this.#parts.logger.warn(
      facts,
      'this process leaves the effects to others: its build may not act for them',
    )
  }

  /** Loudly: in the log, and in the database for other processes to see. */
  #fail(error: ProjectionStopped): void {
    this.#failure = error
    const { projection, ...place } = error.facts
    const facts = { effects: projection, ...place, error: error.message, stack: stackOf(error.cause) }
    this.#parts.logger.error(facts, 'effects have stopped; the others go on')
    void this.#inTurn(() => this.#noteFailure()).catch((failed: unknown) => {
      const noted = { effects: this.name, error: String(failed) }
      this.#parts.logger.warn(noted, 'that effects have stopped could not be noted; it will be tried again')
    })
  }

  /** Tried again by {@link follow} until it is done. */
  async #noteFailure(): Promise<void> {
    if (this.#failure === undefined || this.#failureNoted) return
    await this.#parts.registry.setState('stopped', this.#failure.message)
    this.#failureNoted = true
    await this.#leave()
  }

  async #leave(): Promise<void> {
    const subscription = this.#subscription
    this.#subscription = undefined
    await subscription?.stop()
  }

  /** Changes of what is fed happen one after the other. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const mine = this.#changing.then(change, change)
    this.#changing = mine.catch(() => undefined)
    return mine
  }
}

/**
 * Runs work in a transaction. Where the work failed that is the reason, and not that its transaction, gone by then, could not
 * be rolled back.
 */
async function movedOrWhy<Tx>(
  move: (work: BatchWork<Tx>) => Promise<MoveOutcome>,
  work: BatchWork<Tx>,
): Promise<MoveOutcome> {
  let why: { readonly error: unknown } | undefined
  const told: BatchWork<Tx> = (scope) =>
    work(scope).catch((error: unknown) => {
      why = { error }
      throw error
    })
  try {
    return await move(told)
  } catch (error) {
    throw why === undefined ? error : why.error
  }
}

function stackOf(cause: unknown): string | undefined {
  return cause instanceof Error ? cause.stack : undefined
}
