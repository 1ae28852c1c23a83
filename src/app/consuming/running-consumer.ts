import { ClosingStack } from '../closing-stack.js'
import type { GroupReceipt, Receipt } from '../../aggregates/execute-options.js'
import { InvalidValue, StopTimedOut } from '../../core/errors/index.js'
import type { ProjectionClass, ProjectionModel } from '../../projections/index.js'
import type { Relay } from '../../outbox/relay.js'
import { EffectRunner } from '../../processes/effect-runner.js'
import { EFFECT_GENERATION } from '../../processes/effects-model.js'
import type { EffectsModel } from '../../processes/index.js'
import { ProjectionRunner } from '../../projections/projection-runner.js'
import type { StopOptions } from '../app.js'
import type { Counters, Surroundings } from '../app-facts.js'
import type { AppModel } from '../app-model.js'
import { milliseconds } from '../duration.js'
import { placesFor } from '../effect-parts.js'
import { effectsAtWork } from '../effects-at-work.js'
import type { FeedsAtWork } from '../feeds-at-work.js'
import { AppHealth } from '../health/app-health.js'
import type { HealthReport } from '../health/report.js'
import { ProjectionsAtWork, streamsOf, streamTypeOf } from '../projections-at-work.js'
import { startLetterRelay } from '../letter-relay.js'
import { ReadModels } from '../reading/read-models.js'
import { ROLES } from '../roles.js'
import { tellStarted } from '../start-line.js'
import type { ConsumingApp, ConsumingProjections } from './consuming-app.js'
import type { ConsumingInstallation } from './consuming-installation.js'
import { consumingEffectParts } from './consuming-effect-parts.js'
import { consumingParts, contractsOf } from './consuming-parts.js'
import { forgetSeenEvents } from './forget-seen-events.js'
import { requireRecordedPartitions } from './recorded-partitions.js'

/** Milliseconds between looks for event ids that need not be remembered any more. */
const FORGET_INTERVAL = 60_000

const DEFAULT_TIMEOUT = 5_000

export class RunningConsumer implements ConsumingApp {
  readonly projections: ConsumingProjections
  readonly #installation: ConsumingInstallation
  readonly #atWork: ProjectionsAtWork
  readonly #effects: FeedsAtWork
  readonly #readModels: ReadModels
  readonly #health: AppHealth
  readonly #forgetting = new AbortController()
  #forgetTimer: NodeJS.Timeout | undefined
  #letters: Relay | undefined
  #forgotten: Promise<void> = Promise.resolve()
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(installation: ConsumingInstallation) {
    const { model, settings } = installation
    const partsOf = (projection: ProjectionModel) => consumingParts(installation, projection)
    const fed = settings.roles.has('projections') ? model.projections : []
    const runners = fed.map((projection) => new ProjectionRunner(partsOf(projection)))
    this.#installation = installation
    this.#atWork = new ProjectionsAtWork({ ...installation, partsOf, runners })
    this.#effects = effectsOf(installation)
    this.#readModels = new ReadModels({
      ...installation,
      store: undefined,
      modelOf: (projection) => this.#atWork.modelOf(projection),
      partsOf,
      caughtUp: (projection, receipt, timeout) => this.#caughtUp(projection, receipt, timeout),
    })
    this.#health = new AppHealth({
      ...installation,
      hasStore: false,
      projections: [...this.#atWork.feeds.watched, ...this.#effects.watched],
      commands: undefined,
      relays: { events: false, letters: settings.roles.has('projections') },
    })
    this.projections = {
      caughtUp: async (projection, receipt, { timeout = DEFAULT_TIMEOUT } = {}) =>
        this.#caughtUp(projection, receipt, milliseconds(timeout, 'timeout')),
    }
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
    return { applied: { ...this.#atWork.feeds.applied, ...this.#effects.applied } }
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
    const { model, settings, logger } = this.#installation
    await this.#health.listen()
    if (settings.roles.has('projections')) await this.#feed(model)
    this.#health.running()
    tellStarted({ name: model.name, surroundings: this.surroundings, hasBrokers: true }, logger)
  }

  async #feed({ projections }: AppModel): Promise<void> {
    for (const projection of projections)
      await requireRecordedPartitions(consumingParts(this.#installation, projection))
    await Promise.all([this.#atWork.feeds.start(), this.#effects.start()])
    this.#letters = await startLetterRelay(this.#installation)
    this.#forgetTimer = setInterval(() => {
      this.#forgotten = this.#forgotten.then(() => this.#forget())
    }, FORGET_INTERVAL)
  }

  async #stop(drain: StopOptions['drain']): Promise<void> {
    const { shutdownTimeout: milliseconds } = this.#installation.settings
    this.#health.stopping()
    const closing = new ClosingStack()
    closing.add(() => this.#installation.close(), 'its connections')
    closing.add(() => this.#health.close(), 'the port that tells its health')
    closing.add(async () => this.#forgotten, 'forgetting ids of events')
    closing.add(async () => this.#letters?.stop(), 'publishing dead letters')
    closing.add(() => this.#atWork.feeds.stop(), 'the projections')
    closing.add(() => this.#effects.stop(), 'the effects')
    closing.add(() => this.#beginStop(drain), 'its start, or what sends it queries')
    await closing.closeWithin({
      milliseconds,
      cut: () => this.#installation.databases.cut(),
      failure: (unfinished) => new StopTimedOut(unfinished, milliseconds),
    })
  }

  async #beginStop(drain: StopOptions['drain']): Promise<void> {
    // What is being started is not at rest before it has been; whether that succeeds is its starter's concern.
    await this.#starting?.catch(() => undefined)
    clearInterval(this.#forgetTimer)
    this.#forgetting.abort()
    await drain?.()
  }

  async #caughtUp(
    projection: ProjectionClass,
    receipt: Receipt | GroupReceipt,
    timeout: number,
  ): Promise<void> {
    const contracts = contractsOf(this.#installation.model, this.#atWork.modelOf(projection))
    const unnumbered = contracts.filter(({ guard }) => guard !== 'versions').map(({ name }) => name)
    const violations = streamsOf(receipt)
      .filter(({ stream }) => unnumbered.includes(streamTypeOf(stream)))
      .map(({ stream }) => ({
        path: 'stream',
        problem: `is ${stream}, whose producer does not number events: how far it was read is not known`,
      }))
    if (violations.length > 0) throw new InvalidValue('receipt', violations)
    await this.#atWork.caughtUp(projection, receipt, timeout)
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

function effectsOf(installation: ConsumingInstallation): FeedsAtWork {
  const { model, settings } = installation
  const partsOf = (effects: EffectsModel) => consumingEffectParts(installation, effects)
  const places = placesFor(settings)
  const fed = settings.roles.has('projections') ? model.effects : []
  const runners = fed.map((effects) => new EffectRunner(partsOf(effects), places))
  return effectsAtWork({ ...installation, partsOf, runners })
}
