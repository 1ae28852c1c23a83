import type { Kysely, SelectQueryBuilder } from 'kysely'
import type { CommandBus } from '../aggregates/command-bus.js'
import type { ExecuteOptions, Receipt } from '../aggregates/execute-options.js'
import type { CommandInstance } from '../core/command.js'
import type { Fields, Values } from '../core/fields/index.js'
import { DefinitionError, InvalidValue } from '../core/errors/index.js'
import type { Relay } from '../outbox/relay.js'
import { caughtUp } from '../projections/caught-up.js'
import type { ProjectionClass, SqlProjection, TableProjectionClass, TablesOf } from '../projections/index.js'
import type { ProjectionRunner } from '../projections/projection-runner.js'
import type { ReadTransaction } from '../subscriptions/postgres/index.js'
import { type Duration, milliseconds } from './duration.js'
import type { Installation } from './installation.js'
import { projectionParts } from './projection-parts.js'

/** What this process has done since it was started. */
export interface Counters {
  readonly appended: number
  readonly published: number
  /** Events applied, by projection. */
  readonly applied: Readonly<Record<string, number>>
}

/** What an app runs on, in words that may be shown. */
export interface Surroundings {
  readonly database: string
  /** `postgres`, or `kafka:<cluster id>`. */
  readonly log: string
  /** Where the embedded server keeps its data, if it is used. */
  readonly dataFolder: string | undefined
}

/** The moving parts of a running app. */
export interface AppParts {
  readonly installation: Installation
  readonly bus: CommandBus
  readonly relay: Relay
  readonly runners: readonly ProjectionRunner<ReadTransaction>[]
}

/** Milliseconds between looks whether another generation went live, for projections that have nothing to apply. */
const FOLLOW_INTERVAL = 1_000

/** `sql` projections have several tables: `app.read(Statements, 'statement_lines')`. */
type AnySqlProjection = new () => SqlProjection<unknown>

/**
 * A running app.
 *
 * States: running → stopping (commands are refused, those under way finish) → stopped. {@link stop} may be called at
 * any time and again; what is committed and not yet published or applied is taken up at the next start.
 */
export class App {
  readonly projections: {
    /**
     * Resolves when the projection has applied the command's events, by whichever process, so that a read after it sees
     * them.
     *
     * @throws {@link ProjectionStopped} at once when the projection has stopped, {@link TimedOut} after `timeout`
     * (default 5 s)
     *
     * @example
     * const receipt = await app.execute(new DepositMoney({ accountId, amount: 500n }))
     * await app.projections.caughtUp(Balances, receipt, { timeout: '2s' })
     */
    caughtUp(
      projection: ProjectionClass,
      receipt: Receipt,
      options?: { readonly timeout?: Duration },
    ): Promise<void>
  }
  readonly #parts: AppParts
  readonly #following: NodeJS.Timeout
  #stopping: Promise<void> | undefined

  constructor(parts: AppParts) {
    this.#parts = parts
    this.projections = {
      caughtUp: (projection, receipt, { timeout = 5_000 } = {}) =>
        this.#caughtUp(projection, receipt, timeout),
    }
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
      published: relay.published,
      applied: Object.fromEntries(runners.map(({ name, applied }) => [name, applied])),
    }
  }

  /**
   * Executes a command: resolves when its events are stored, together with the work list for publishing them. With a
   * `commandId` a retry is safe: an id that was accepted before answers its first outcome and appends nothing.
   *
   * @throws {@link CommandRejected} when the domain refuses it, {@link AggregateNotFound} or
   * {@link WrongExpectedVersion} when the stream is not as expected, {@link CommandIdReused} when the id belongs to
   * another command, {@link OutcomeUnknown} when the store went away: then try again with the same id
   *
   * @example
   * await app.execute(new DepositMoney({ accountId: '576', amount: 500n }), { commandId: request.id, actor: user.id })
   */
  execute(command: CommandInstance, options?: ExecuteOptions): Promise<Receipt> {
    if (this.#stopping !== undefined)
      return Promise.reject(new Error('the app is stopping: it takes no more commands'))
    return this.#parts.bus.execute(command, options)
  }

  /**
   * A typed Kysely query on a read model, as readers see it: the live generation. It may be behind the store; wait with
   * {@link projections.caughtUp} where that matters.
   *
   * @example
   * await app.read(Balances).where('balance', '<', 0n).selectAll().execute()
   */
  read<T extends string, C extends Fields, K extends string>(
    projection: TableProjectionClass<T, C, K>,
  ): SelectQueryBuilder<Record<T, Required<Values<C>>>, T, object>
  read<P extends AnySqlProjection, T extends keyof TablesOf<InstanceType<P>> & string>(
    projection: P,
    table: T,
  ): SelectQueryBuilder<TablesOf<InstanceType<P>>, T, object>
  read(projection: { readonly table?: string }, table = projection.table): unknown {
    if (table === undefined)
      throw new InvalidValue('read', [{ path: 'table', problem: 'must name one of its tables' }])
    const { databases, model } = this.#parts.installation
    const readModels = databases.readDb.withSchema(model.name) as Kysely<Record<string, unknown>>
    return readModels.selectFrom(table)
  }

  /**
   * Ends in order: no more commands, those under way finish, projections finish their batches, the relay gives its slots
   * back, connections close, and an embedded server stops with its last user.
   */
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
    }
    await caughtUp(parts, stream, version, milliseconds(timeout, 'timeout'))
  }
}
