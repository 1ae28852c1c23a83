import type { Kysely } from 'kysely'
import type { CommandBus } from '../aggregates/command-bus.js'
import type { ExecuteOptions, Receipt } from '../aggregates/execute-options.js'
import type { CommandInstance } from '../core/command.js'
import { DefinitionError, InvalidValue } from '../core/errors/index.js'
import type { Relay } from '../outbox/relay.js'
import { isTransient } from '../postgres/sql-state.js'
import { caughtUp } from '../projections/caught-up.js'
import type { ProjectionClass } from '../projections/index.js'
import type { ProjectionRunner } from '../projections/projection-runner.js'
import type { ReadTransaction } from '../subscriptions/postgres/index.js'
import type { App, Counters, RunningProjections, Surroundings } from './app.js'
import { outboxChannel } from './composition.js'
import { type Duration, milliseconds } from './duration.js'
import type { Installation } from './installation.js'
import { projectionParts } from './projection-parts.js'

/** The moving parts of a running app. */
export interface AppParts {
  readonly installation: Installation
  readonly bus: CommandBus
  readonly relay: Relay
  readonly runners: readonly ProjectionRunner<ReadTransaction>[]
}

/** Milliseconds between looks whether another generation went live, for projections that have nothing to apply. */
const FOLLOW_INTERVAL = 1_000

const DEFAULT_TIMEOUT = 5_000

export class RunningApp implements App {
  readonly projections: RunningProjections
  readonly #parts: AppParts
  #following: NodeJS.Timeout | undefined
  #stopping: Promise<void> | undefined

  constructor(parts: AppParts) {
    this.#parts = parts
    this.projections = {
      caughtUp: (projection, receipt, { timeout = DEFAULT_TIMEOUT } = {}) =>
        this.#caughtUp(projection, receipt, timeout),
    }
  }

  /** Publishes, and feeds the projections. Commands may be executed when it resolves. */
  async start(): Promise<void> {
    const { installation, relay, runners } = this.#parts
    await installation.notifications.listen(outboxChannel(installation), () => relay.wake())
    await relay.start()
    await Promise.all(runners.map((runner) => runner.start()))
    this.#following = setInterval(() => this.#follow(), FOLLOW_INTERVAL)
  }

  get surroundings(): Surroundings {
    const { databases, log, dataFolder } = this.#parts.installation
    return { database: databases.address, log: log.identity, dataFolder }
  }

  get counters(): Counters {
    const { bus, relay, runners } = this.#parts
    return {
      appended: bus.appended,
      alreadyKnown: bus.alreadyKnown,
      published: relay.published,
      applied: Object.fromEntries(runners.map(({ name, applied }) => [name, applied])),
    }
  }

  execute(command: CommandInstance, options?: ExecuteOptions): Promise<Receipt> {
    if (this.#stopping !== undefined)
      return Promise.reject(new Error('the app is stopping: it takes no more commands'))
    return this.#parts.bus.execute(command, options)
  }

  read(projection: { readonly table?: string }, table = projection.table): never {
    if (table === undefined)
      throw new InvalidValue('read', [{ path: 'table', problem: 'must name one of its tables' }])
    const { databases, model } = this.#parts.installation
    const readModels = databases.readDb.withSchema(model.name) as Kysely<Record<string, unknown>>
    // The interface says, per projection, what the query selects from; one body serves them all.
    return readModels.selectFrom(table) as never
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #stop(): Promise<void> {
    const { installation, bus, relay, runners } = this.#parts
    clearInterval(this.#following)
    await bus.idle()
    await Promise.all(runners.map((runner) => runner.stop()))
    await relay.stop()
    await installation.close()
  }

  #follow(): void {
    for (const runner of this.#parts.runners) {
      runner.follow().catch((error: unknown) => {
        const facts = { projection: runner.name, error: String(error) }
        this.#parts.installation.logger.debug(facts, 'the live generation could not be looked up')
      })
    }
  }

  async #caughtUp(
    projection: ProjectionClass,
    { stream, version }: Receipt,
    timeout: Duration,
  ): Promise<void> {
    const { installation, runners } = this.#parts
    const model = installation.model.projections.find(({ projectionClass }) => projectionClass === projection)
    if (model === undefined) throw new DefinitionError([`${projection.name} is not a projection of this app`])
    const runner = runners.find(({ name }) => name === model.name)
    const parts = {
      projection: model.name,
      generations: projectionParts(installation, model).generations,
      onProgress: (waiter: () => void) => runner?.onProgress(waiter) ?? (() => undefined),
      failure: () => runner?.failure,
      isTransient,
    }
    await caughtUp(parts, stream, version, milliseconds(timeout, 'timeout'))
  }
}
