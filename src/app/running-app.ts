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
import { AppStopped, ConfigurationError } from '../core/errors/index.js'
import type { Relay } from '../outbox/relay.js'
import type { ProjectionClass } from '../projections/index.js'
import type { App, EventsOptions, PositionedEvent, RunningProjections, StopOptions } from './app.js'
import type { Counters, Surroundings } from './app-facts.js'
import { closeInTime } from './close-in-time.js'
import { ClosingStack } from './closing-stack.js'
import { AppHealth } from './health/app-health.js'
import type { HealthReport } from './health/report.js'
import { effectParts } from './effect-parts.js'
import type { InlineAtWork } from './inline-at-work.js'
import type { Installation } from './installation.js'
import { projectionParts } from './projection-parts.js'
import { ReadSideAtWork } from './read-side-at-work.js'
import { PostgresStoreBacklog } from './reading/postgres/store-backlog.js'
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
}

/** An app with a store. */
export class RunningApp implements App {
  readonly projections: RunningProjections
  readonly #parts: AppParts
  readonly #readSide: ReadSideAtWork
  readonly #health: AppHealth
  #refusing = false
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(parts: AppParts) {
    const { installation, relay } = parts
    const { store, schemas } = installation.databases
    this.#parts = parts
    this.#readSide = new ReadSideAtWork({
      installation,
      partsOf: (model) => projectionParts(installation, model),
      effectPartsOf: (model) => effectParts(installation, model),
      store: new PostgresStoreBacklog(store, schemas.store),
      publishesLetters: relay !== undefined,
    })
    this.#health = this.#watched()
    this.projections = this.#readSide.projections
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
      applied: this.#readSide.applied,
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
    return this.#readSide.read(projection, table)
  }

  query(projection: ProjectionClass, ...query: readonly unknown[]): Promise<never> {
    return this.#readSide.query(projection, ...query)
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
    await this.#readSide.start()
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
      projections: this.#readSide.watched,
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
    this.#health.stopping()
    this.#refusing = drain === undefined
    // Last first: what a step needs is still there, also where one before it failed.
    const closing = new ClosingStack()
    closing.add(() => installation.close(), 'its connections')
    closing.add(() => this.#health.close(), 'the port that tells its health')
    closing.add(async () => relay?.stop(), 'the relay')
    this.#readSide.addStops(closing)
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
    await closeInTime(closing, installation, () => {
      this.#refusing = true
      bus?.abandon()
    })
  }
}
