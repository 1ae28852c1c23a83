import { BuildRefused, type ProjectionStopped } from '../core/errors/index.js'
import { streamName } from '../core/stream.js'
import type { LogSubscription } from '../log/index.js'
import { patiently } from '../subscriptions/index.js'
import { shortFingerprint } from './definition-fingerprint.js'
import type { Feeding } from './feeders.js'
import type { FedGeneration, Generation, GenerationStatus } from './generation.js'
import { feed, type ProjectionParts } from './projection-feed.js'

/** Why a runner does not feed what is live. */
interface StandingAside {
  /** The generation that is being built from this build's definition, which it will feed; undefined where there is none. */
  readonly awaits: number | undefined
  readonly reason: string
}

/**
 * Feeds the live generation of a projection, whichever that is.
 *
 * States: created → running ⇄ aside → stopped by a failure, or by {@link stop}. After a swap it leaves the old generation
 * and goes on with the new one: at the latest when its next batch is refused, and at the next {@link follow} while idle.
 * A generation that was built from another definition is left to the processes that have it: the runner stands aside until
 * one is live that its build may feed.
 */
export class ProjectionRunner<Tx> {
  readonly #parts: ProjectionParts<Tx>
  readonly #waiters = new Set<() => void>()
  /** The generation that was turned to last: fed, or left to others. */
  #live: Generation | undefined
  #subscription: LogSubscription | undefined
  #aside: StandingAside | undefined
  #failure: ProjectionStopped | undefined
  #failureNoted = false
  #applied = 0
  #changing: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(parts: ProjectionParts<Tx>) {
    this.#parts = parts
  }

  get name(): string {
    return this.#parts.model.name
  }

  /** Events applied since the start. */
  get applied(): number {
    return this.#applied
  }

  /** What stopped it in this process. */
  get failure(): ProjectionStopped | undefined {
    return this.#failure
  }

  /** Why this process leaves what is live to others, whether or not there are any. */
  get aside(): string | undefined {
    return this.#aside?.reason
  }

  /** What it feeds now. */
  get feeding(): Feeding | undefined {
    const live = this.#live
    if (live === undefined || this.#subscription === undefined) return undefined
    return { ...live, fingerprint: this.#parts.fingerprint }
  }

  /**
   * Creates the first generation where there is none, and joins its group. Where this build may not feed what is live, since
   * that is a newer release's, or its own is still being built, it stands aside until it may.
   *
   * @throws {@link BuildRefused} where what is live has to be rebuilt for this build, or it has to be accepted
   */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#leave()
      const live = await patiently(() => this.#liveOrAside(), {
        isTransient: this.#parts.isTransient,
        isOver: () => this.#stopped,
        onFailure: (error) => this.#warn(error),
      })
      if (live !== undefined) await this.#feed(live)
    })
  }

  /** Goes over to the live generation if that is another one by now, and keeps what the database says of it true. */
  follow(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#stopped) return
      if (this.#failure !== undefined) return this.#noteFailure()
      const { generations } = this.#parts
      const status = await generations.status()
      if (status === undefined) return
      const isOther = status.live.generation !== this.#live?.generation
      if (isOther || status.admitted !== (this.#aside === undefined)) return this.#goOver(status)
      this.#noteAwaited(status)
      // Another process could not apply what this one may be able to.
      if (status.state === 'stopped' && this.#subscription !== undefined)
        await generations.setState(status.live.generation, 'running')
    })
  }

  stop(): Promise<void> {
    this.#stopped = true
    return this.#inTurn(() => this.#leave())
  }

  /** Calls back after each commit of this process, and when the projection stops. Answers how to end that. */
  onProgress(waiter: () => void): () => void {
    this.#waiters.add(waiter)
    return () => {
      this.#waiters.delete(waiter)
    }
  }

  /** The live generation for this build to feed; undefined where that is left to others. */
  async #liveOrAside(): Promise<Generation | undefined> {
    const { generations } = this.#parts
    // Before: what went live after this build was refused is gone over to.
    const status = await generations.status()
    try {
      const live = await generations.ensureLive()
      this.#tellFix(live)
      await generations.setState(live.generation, 'running')
      this.#aside = undefined
      return live
    } catch (error) {
      if (!(error instanceof BuildRefused)) throw error
      // Another process may have made the first generation in between.
      const seen = status ?? (await generations.status())
      if (seen === undefined || !(seen.buildingIsOurs || error.isOlder)) throw error
      this.#standAside(seen, error)
      return undefined
    }
  }

  async #goOver(status: GenerationStatus): Promise<void> {
    await this.#leave()
    try {
      const live = await this.#parts.generations.ensureLive()
      this.#aside = undefined
      await this.#feed(live)
      this.#tellFix(live)
      this.#parts.logger.info(this.#facts(), 'feeding another generation now')
    } catch (error) {
      if (!(error instanceof BuildRefused)) throw error
      this.#standAside(status, error)
    }
  }

  #standAside({ live, building, buildingIsOurs }: GenerationStatus, error: BuildRefused): void {
    const awaits = buildingIsOurs ? building : undefined
    const reason = error.faults.join('; ')
    const isSaid = this.#aside?.reason === reason && this.#aside.awaits === awaits
    this.#live = live
    this.#aside = { awaits, reason }
    if (isSaid) return
    const facts = { ...this.#facts(), error: reason }
    if (awaits === undefined)
      this.#parts.logger.warn(
        facts,
        'this process leaves the projection to others: its build may not feed what is live',
      )
    else
      this.#parts.logger.info(
        { ...facts, awaits },
        'this process waits for the generation that is being built from its definition; others feed what is live',
      )
  }

  /** Says once that what is waited for was given up, or that it is being built now. */
  #noteAwaited({ building, buildingIsOurs }: GenerationStatus): void {
    const awaits = buildingIsOurs ? building : undefined
    if (this.#aside === undefined || this.#aside.awaits === awaits) return
    this.#aside = { ...this.#aside, awaits }
    const { logger, model } = this.#parts
    if (awaits === undefined)
      logger.warn(
        this.#facts(),
        `the generation that this process waits for is not being built any more: run reprise projection rebuild ${model.name}`,
      )
    else logger.info({ ...this.#facts(), awaits }, 'this process waits for a generation that is being built')
  }

  #tellFix({ projection, generation, isFix }: FedGeneration): void {
    if (!isFix) return
    this.#parts.logger.info(
      { projection, generation, fingerprint: shortFingerprint(this.#parts.fingerprint) },
      'another definition of the same version feeds the projection from now on: a rebuild repairs what was written before',
    )
  }

  async #feed(generation: Generation): Promise<void> {
    this.#subscription = await feed(this.#parts, generation, {
      onStopped: (error) => this.#fail(error),
      onRetired: () => void this.follow().catch((error: unknown) => this.#warn(error)),
      onApplied: (events) => {
        this.#applied += events
        this.#announce()
      },
    })
    // Not before: a generation that could not be joined is gone over to again.
    this.#live = generation
  }

  async #leave(): Promise<void> {
    const subscription = this.#subscription
    this.#subscription = undefined
    this.#live = undefined
    await subscription?.stop()
  }

  /** Loudly: in the log, in the database for other processes to see, and to whoever waits. */
  #fail(error: ProjectionStopped): void {
    this.#failure = error
    this.#parts.logger.error(
      { ...error.facts, error: error.message, stack: stackOf(error.cause) },
      'a projection has stopped; the others go on',
    )
    this.#announce()
    void this.#inTurn(() => this.#noteFailure()).catch((failed: unknown) => this.#warn(failed))
  }

  /** Tried again by {@link follow} until it is done. */
  async #noteFailure(): Promise<void> {
    if (this.#failure === undefined || this.#failureNoted) return
    const { generations } = this.#parts
    const generation = this.#live?.generation ?? (await generations.status())?.live.generation
    if (generation !== undefined) await generations.setState(generation, 'stopped', textOf(this.#failure))
    this.#failureNoted = true
    await this.#leave()
  }

  #facts(): Readonly<Record<string, unknown>> {
    return { projection: this.name, generation: this.#live?.generation }
  }

  #announce(): void {
    this.#waiters.forEach((waiter) => waiter())
  }

  #warn(error: unknown): void {
    this.#parts.logger.warn(
      { projection: this.name, error: String(error) },
      'a projection could not change over; it will be tried again',
    )
  }

  /** Changes of what is fed happen one after the other. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const mine = this.#changing.then(change, change)
    this.#changing = mine.catch(() => undefined)
    return mine
  }
}

/** What happened where, for whoever reads it in the database. */
function textOf({ address, cause }: ProjectionStopped): string {
  const reason = cause instanceof Error ? cause.message : String(cause)
  if (address === undefined) return reason
  const { topic, partition, offset, stream, version, eventId, type } = address
  const event = `event ${eventId} (${type}, version ${version} of ${streamName(stream)})`
  return `${event} at ${topic}/${partition}@${offset.toString()}: ${reason}`
}

function stackOf(cause: unknown): string | undefined {
  return cause instanceof Error ? (cause.cause instanceof Error ? cause.cause.stack : cause.stack) : undefined
}
