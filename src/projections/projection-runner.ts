import { DefinitionError, type ProjectionStopped } from '../core/errors/index.js'
import { streamName } from '../core/stream.js'
import type { LogSubscription } from '../log/index.js'
import type { Generation } from './generation.js'
import { feed, type ProjectionParts } from './projection-feed.js'

/**
 * Feeds the live generation of a projection, whichever that is.
 *
 * States: created → running → stopped by a failure, or by {@link stop}. After a swap it leaves the old generation and
 * goes on with the new one: at the latest when its next batch is refused, and at the next {@link follow} while idle.
 * A generation that was built from another definition is left to the processes that have it.
 */
export class ProjectionRunner<Tx> {
  readonly #parts: ProjectionParts<Tx>
  readonly #waiters = new Set<() => void>()
  /** The generation that was turned to last: fed, or left to others. */
  #live: Generation | undefined
  #subscription: LogSubscription | undefined
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

  /** Creates the first generation where there is none, and joins its group. */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      const live = await this.#parts.generations.ensureLive()
      await this.#parts.generations.setState(live.generation, 'running')
      await this.#leave()
      await this.#feed(live)
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
      if (status.live.generation !== this.#live?.generation) return this.#goOver(status.live)
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

  async #goOver(live: Generation): Promise<void> {
    await this.#leave()
    try {
      await this.#feed(await this.#parts.generations.ensureLive())
      this.#parts.logger.info(this.#facts(), 'feeding another generation now')
    } catch (error) {
      if (!(error instanceof DefinitionError)) throw error
      this.#live = live
      this.#parts.logger.error(
        { ...this.#facts(), error: error.message },
        'this process does not feed the projection any more: another definition built what is live now',
      )
    }
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
