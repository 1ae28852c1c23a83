import type { ProjectionStopped } from '../core/errors/index.js'
import type { LogSubscription } from '../log/index.js'
import type { Generation } from './generation.js'
import { feed, type ProjectionParts } from './projection-feed.js'

/**
 * Feeds the live generation of a projection, whichever that is.
 *
 * States: created → running → stopped by a failure, or by {@link stop}. After a swap it leaves the old generation and
 * goes on with the new one: at the latest when its next batch is refused, and at the next {@link follow} while idle.
 */
export class ProjectionRunner<Tx> {
  readonly #parts: ProjectionParts<Tx>
  readonly #waiters = new Set<() => void>()
  #live: Generation | undefined
  #subscription: LogSubscription | undefined
  #failure: ProjectionStopped | undefined
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
  async start(): Promise<void> {
    const live = await this.#parts.generations.ensureLive()
    await this.#parts.generations.setState(live.generation, 'running')
    await this.#feed(live)
  }

  /** Goes over to the live generation if that is another one by now. */
  follow(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#stopped || this.#failure !== undefined) return
      const status = await this.#parts.generations.status()
      if (status === undefined || status.live.generation === this.#live?.generation) return
      await this.#subscription?.stop()
      await this.#feed(status.live)
      this.#parts.logger.info(
        { projection: this.name, generation: status.live.generation },
        'feeding another generation now',
      )
    })
  }

  stop(): Promise<void> {
    this.#stopped = true
    return this.#inTurn(async () => {
      await this.#subscription?.stop()
    })
  }

  /** Calls back after each commit of this process, and when the projection stops. Answers how to end that. */
  onProgress(waiter: () => void): () => void {
    this.#waiters.add(waiter)
    return () => {
      this.#waiters.delete(waiter)
    }
  }

  async #feed(generation: Generation): Promise<void> {
    this.#live = generation
    this.#subscription = await feed(this.#parts, generation, {
      onStopped: (error) => this.#fail(generation, error),
      onRetired: () => void this.follow().catch((error: unknown) => this.#warn(error)),
      onApplied: (events) => {
        this.#applied += events
        this.#announce()
      },
    })
  }

  /** Loudly: in the log, in the database for other processes to see, and to whoever waits. */
  #fail(generation: Generation, error: ProjectionStopped): void {
    const { logger, generations } = this.#parts
    this.#failure = error
    logger.error(
      { ...error.facts, error: error.message, stack: stackOf(error.cause) },
      'a projection has stopped; the others go on',
    )
    void this.#inTurn(async () => {
      await generations.setState(generation.generation, 'stopped', error.message)
      this.#announce()
      await this.#subscription?.stop()
    }).catch((failed: unknown) => this.#warn(failed))
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

function stackOf(cause: unknown): string | undefined {
  return cause instanceof Error ? (cause.cause instanceof Error ? cause.cause.stack : cause.stack) : undefined
}
