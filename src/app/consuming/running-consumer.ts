import { EFFECT_GENERATION } from '../../processes/effects-model.js'
import type { ProjectionClass, ProjectionModel } from '../../projections/index.js'
import type { StopOptions } from '../app.js'
import type { Counters, Surroundings } from '../app-facts.js'
import { closeInTime } from '../close-in-time.js'
import { ClosingStack } from '../closing-stack.js'
import { AppHealth } from '../health/app-health.js'
import type { HealthReport } from '../health/report.js'
import type { ReadInstallation } from '../read-installation.js'
import { ReadSideAtWork } from '../read-side-at-work.js'
import { ROLES } from '../roles.js'
import { tellStarted } from '../start-line.js'
import type { ConsumingApp, ConsumingProjections } from './consuming-app.js'
import { consumingEffectParts } from './consuming-effect-parts.js'
import { consumingParts, contractsOf } from './consuming-parts.js'
import { forgetSeenEvents } from './forget-seen-events.js'
import { requireRecordedPartitions } from './recorded-partitions.js'

/** Milliseconds between looks for event ids that need not be remembered any more. */
const FORGET_INTERVAL = 60_000

/** An app without a store: a service that only consumes. */
export class RunningConsumer implements ConsumingApp {
  readonly projections: ConsumingProjections
  readonly #installation: ReadInstallation
  readonly #readSide: ReadSideAtWork
  readonly #health: AppHealth
  readonly #forgetting = new AbortController()
  #forgetTimer: NodeJS.Timeout | undefined
  #forgotten: Promise<void> = Promise.resolve()
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(installation: ReadInstallation) {
    this.#installation = installation
    this.#readSide = new ReadSideAtWork({
      installation,
      partsOf: (model) => consumingParts(installation, model),
      effectPartsOf: (model) => consumingEffectParts(installation, model),
      store: undefined,
      publishesLetters: this.#feedsHere,
    })
    this.#health = new AppHealth({
      ...installation,
      hasStore: false,
      projections: this.#readSide.watched,
      commands: undefined,
      relays: { events: false, letters: this.#feedsHere },
    })
    this.projections = this.#readSide.projections
  }

  /** Feeds the projections, where that is this process' part. */
  start(): Promise<void> {
    this.#starting ??= this.#start()
    return this.#starting
  }

  get surroundings(): Surroundings {
    const { databases, log, dataFolder, settings } = this.#installation
    const { readAddress: database } = databases
    const roles = ROLES.filter((role) => role === 'projections' && settings.roles.has(role))
    const { address: health } = this.#health
    return { database, readDatabase: database, log: log.identity, dataFolder, roles, health }
  }

  get counters(): Pick<Counters, 'applied'> {
    return { applied: this.#readSide.applied }
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
    const { model, logger } = this.#installation
    await this.#health.listen()
    if (this.#feedsHere) await this.#requireRecordedPartitions()
    await this.#readSide.start()
    if (this.#feedsHere) this.#keepForgetting()
    this.#health.running()
    tellStarted({ name: model.name, surroundings: this.surroundings, hasBrokers: true }, logger)
  }

  /** Whether feeding is this process' part. */
  get #feedsHere(): boolean {
    return this.#installation.settings.roles.has('projections')
  }

  async #requireRecordedPartitions(): Promise<void> {
    for (const projection of this.#installation.model.projections)
      await requireRecordedPartitions(consumingParts(this.#installation, projection))
  }

  #keepForgetting(): void {
    this.#forgetTimer = setInterval(() => {
      this.#forgotten = this.#forgotten.then(() => this.#forget())
    }, FORGET_INTERVAL)
  }

  async #stop(drain: StopOptions['drain']): Promise<void> {
    this.#health.stopping()
    const closing = new ClosingStack()
    closing.add(() => this.#installation.close(), 'its connections')
    closing.add(() => this.#health.close(), 'the port that tells its health')
    closing.add(async () => this.#forgotten, 'forgetting ids of events')
    this.#readSide.addStops(closing)
    closing.add(() => this.#beginStop(drain), 'its start, or what sends it queries')
    await closeInTime(closing, this.#installation)
  }

  async #beginStop(drain: StopOptions['drain']): Promise<void> {
    // What is being started is not at rest before it has been; whether that succeeds is its starter's concern.
    await this.#starting?.catch(() => undefined)
    clearInterval(this.#forgetTimer)
    this.#forgetting.abort()
    await drain?.()
  }

  async #forget(): Promise<void> {
    const { databases, log, model, logger } = this.#installation
    const { readDb: db, schemas } = databases
    const live = (projection: ProjectionModel) => () =>
      consumingParts(this.#installation, projection)
        .generations.status()
        .then((it) => it?.live.generation)
    const forgetful = [
      ...model.projections.map((it) => ({ ...it, live: live(it) })),
      ...model.effects.map((it) => ({ ...it, live: () => Promise.resolve(EFFECT_GENERATION) })),
    ]
    for (const projection of forgetful) {
      const contracts = contractsOf(model, projection)
      const options = {
        db,
        read: schemas.read,
        log,
        projection: projection.name,
        live: projection.live,
        contracts,
      }
      await forgetSeenEvents(options, this.#forgetting.signal).catch((error: unknown) => {
        const facts = { projection: projection.name, error: String(error) }
        logger.warn(facts, 'ids of events could not be forgotten; it will be tried again')
      })
    }
  }
}
