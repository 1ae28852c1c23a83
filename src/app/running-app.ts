import type { CommandBus } from '../aggregates/command-bus.js'
import type {
  ExecuteAllOptions,
  ExecuteOptions,
  GroupReceipt,
  Receipt,
} from '../aggregates/execute-options.js'
import type { AggregateClass } from '../aggregates/index.js'
import type { HistoryPoint } from '../aggregates/time-travel.js'
import type { CommandInstance } from '../core/command.js'
import type { Envelope } from '../core/envelope.js'
import type { EventInstance } from '../core/event.js'
import type { EventsOf } from '../core/event-source.js'
import { AppStopped, ConfigurationError, StopTimedOut } from '../core/errors/index.js'
import type { Relay } from '../outbox/relay.js'
import type { EffectRunner } from '../processes/effect-runner.js'
import type { EffectsModel } from '../processes/index.js'
import type { ProjectionClass, ProjectionModel } from '../projections/index.js'
import type { ProjectionRunner } from '../projections/projection-runner.js'
import type { ReadTransaction } from '../subscriptions/postgres/index.js'
import type { App, EventsOptions, PositionedEvent, RunningProjections, StopOptions } from './app.js'
import type { Counters, Surroundings } from './app-facts.js'
import { ClosingStack } from './closing-stack.js'
import { milliseconds } from './duration.js'
import { startLetterRelay } from './letter-relay.js'
import { AppHealth } from './health/app-health.js'
import type { HealthReport } from './health/report.js'
import { effectParts } from './effect-parts.js'
import { effectsAtWork } from './effects-at-work.js'
import type { FeedsAtWork } from './feeds-at-work.js'
import type { InlineAtWork } from './inline-at-work.js'
import type { Installation } from './installation.js'
import { projectionParts } from './projection-parts.js'
import { ProjectionsAtWork } from './projections-at-work.js'
import { PostgresStoreBacklog } from './reading/postgres/store-backlog.js'
import { ReadModels } from './reading/read-models.js'
import { ROLES } from './roles.js'
import { tellStarted } from './start-line.js'
import type { StoredHistory } from './stored-history.js'

/** The moving parts of a running app. */
export interface AppParts {
  readonly installation: Installation
  readonly history: StoredHistory
  /** Undefined without the role `api`. */
  readonly inline: InlineAtWork | undefined
  /** Undefined without the role `api`. */
  readonly bus: CommandBus | undefined
  /** Undefined without the role `relay`. */
  readonly relay: Relay | undefined
  /** None without the role `projections`. */
  readonly runners: readonly ProjectionRunner<ReadTransaction>[]
  /** The same for effects. */
  readonly effectRunners: readonly EffectRunner<ReadTransaction>[]
}

const DEFAULT_TIMEOUT = 5_000

export class RunningApp implements App {
  readonly projections: RunningProjections
  readonly #parts: AppParts
  readonly #atWork: ProjectionsAtWork
  readonly #effects: FeedsAtWork
  readonly #readModels: ReadModels
  readonly #health: AppHealth
  #letters: Relay | undefined
  #refusing = false
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(parts: AppParts) {
    const { installation, runners, effectRunners } = parts
    this.#parts = parts
    const partsOf = (model: ProjectionModel) => projectionParts(installation, model)
    this.#atWork = new ProjectionsAtWork({ ...installation, partsOf, runners })
    const effectPartsOf = (model: EffectsModel) => effectParts(installation, model)
    this.#effects = effectsAtWork({ ...installation, partsOf: effectPartsOf, runners: effectRunners })
    const { store, schemas } = installation.databases
    this.#readModels = new ReadModels({
      ...installation,
      store: new PostgresStoreBacklog(store, schemas.store),
      modelOf: (projection) => this.#atWork.modelOf(projection),
      partsOf,
      caughtUp: (projection, receipt, timeout) => this.#atWork.caughtUp(projection, receipt, timeout),
    })
    this.#health = this.#watched()
    this.projections = {
      caughtUp: async (projection, receipt, { timeout = DEFAULT_TIMEOUT } = {}) =>
        this.#atWork.caughtUp(projection, receipt, milliseconds(timeout, 'timeout')),
    }
  }

  /** Publishes, and feeds the projections, as far as that is this process' part. When it resolves, commands are taken. */
  start(): Promise<void> {
    this.#starting ??= this.#start()
    return this.#starting
  }

  get surroundings(): Surroundings {
    const { databases, log, dataFolder, settings } = this.#parts.installation
    const { address: database, readAddress: readDatabase } = databases
    const roles = ROLES.filter((role) => settings.roles.has(role))
    return { database, readDatabase, log: log.identity, dataFolder, roles, health: this.#health.address }
  }

  get counters(): Counters {
    const { bus, relay } = this.#parts
    return {
      appended: bus?.appended ?? 0,
      alreadyKnown: bus?.alreadyKnown ?? 0,
      published: relay?.published ?? 0,
      applied: { ...this.#atWork.feeds.applied, ...this.#effects.applied },
    }
  }

  async execute(command: CommandInstance, options?: ExecuteOptions): Promise<Receipt> {
    return this.#bus().execute(command, options)
  }

  async executeAll(commands: readonly CommandInstance[], options?: ExecuteAllOptions): Promise<GroupReceipt> {
    return this.#bus().executeAll(commands, options)
  }

  history<A extends AggregateClass>(
    aggregate: A,
    id: string,
    options?: { readonly afterVersion?: number },
  ): Promise<readonly Envelope<EventsOf<A>>[]> {
    // What a stream of the aggregate holds was read with the aggregate's own event classes.
    return this.#parts.history.of(aggregate, id, options) as Promise<readonly Envelope<EventsOf<A>>[]>
  }

  stateAt(aggregate: AggregateClass, id: string, point?: HistoryPoint): Promise<never> {
    // The interface says, per aggregate, what the state is made of; one body serves them all.
    return this.#parts.history.stateAt(aggregate, id, point) as Promise<never>
  }

  events<E extends EventInstance>(
    options?: EventsOptions<E>,
  ): AsyncGenerator<PositionedEvent<E>, void, undefined> {
    // Only events of the classes asked for are given out.
    return this.#parts.history.events(options) as AsyncGenerator<PositionedEvent<E>, void, undefined>
  }

  read(projection: ProjectionClass, table?: string): never {
    return this.#atWork.read(projection, table)
  }

  query(projection: ProjectionClass, ...query: readonly unknown[]): Promise<never> {
    // The interface says, per projection, what the query gives; one body serves them all.
    return this.#readModels.query(projection, ...query) as Promise<never>
  }

  health(): Promise<HealthReport> {
    return this.#health.report()
  }

  stop({ drain }: StopOptions = {}): Promise<void> {
    this.#stopping ??= this.#stop(drain)
    return this.#stopping
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #start(): Promise<void> {
    const { installation, inline, relay } = this.#parts
    await this.#health.listen()
    // First: nothing may be appended past a projection that every append writes.
    await inline?.start()
    if (relay !== undefined) {
      await installation.appends.listen(() => relay.wake())
      await relay.start()
    }
    await Promise.all([this.#atWork.feeds.start(), this.#effects.start()])
    if (relay !== undefined) this.#letters = await startLetterRelay(installation)
    this.#health.running()
    const { model, settings, logger } = installation
    const { surroundings } = this
    tellStarted({ name: model.name, surroundings, hasBrokers: settings.kafka !== undefined }, logger)
  }

  #watched(): AppHealth {
    const { installation, bus, relay } = this.#parts
    const { maxCommands: limit } = installation.settings
    return new AppHealth({
      ...installation,
      hasStore: true,
      projections: [...this.#atWork.feeds.watched, ...this.#effects.watched],
      commands: bus && { underWay: () => bus.underWay, limit },
      relays: { events: relay !== undefined, letters: relay !== undefined },
    })
  }

  /** What takes commands, if this process takes any now. */
  #bus(): CommandBus {
    if (this.#refusing) throw new AppStopped('it takes no more commands')
    const { bus, installation } = this.#parts
    if (bus !== undefined) return bus
    const roles = [...installation.settings.roles].join(',')
    throw new ConfigurationError(
      'REPRISE_ROLES',
      `is ${roles}, and commands are executed by the role api: add it, or send them to a process that has it`,
    )
  }

  async #stop(drain: StopOptions['drain']): Promise<void> {
    const { installation, history, bus, relay } = this.#parts
    const { shutdownTimeout: milliseconds } = installation.settings
    this.#health.stopping()
    this.#refusing = drain === undefined
    // Last first: what a step needs is still there, also where one before it failed.
    const closing = new ClosingStack()
    closing.add(() => installation.close(), 'its connections')
    closing.add(() => this.#health.close(), 'the port that tells its health')
    closing.add(async () => relay?.stop(), 'the relay')
    closing.add(async () => this.#letters?.stop(), 'publishing dead letters')
    closing.add(() => this.#atWork.feeds.stop(), 'the projections')
    closing.add(() => this.#effects.stop(), 'the effects')
    closing.add(async () => {
      await bus?.idle()
      history.close()
    }, 'the commands under way')
    closing.add(async () => {
      try {
        await drain?.()
      } finally {
        this.#refusing = true
      }
    }, 'what brings it commands')
    // What is being started is not at rest before it has been; whether that succeeds is its starter's concern.
    closing.add(async () => this.#starting?.catch(() => undefined), 'its start')
    await closing.closeWithin({
      milliseconds,
      cut: () => {
        this.#refusing = true
        bus?.abandon()
        installation.databases.cut()
      },
      failure: (unfinished) => new StopTimedOut(unfinished, milliseconds),
    })
  }
}
