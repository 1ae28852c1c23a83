import type { SelectQueryBuilder } from 'kysely'
import type { ExecuteOptions, Receipt } from '../aggregates/execute-options.js'
import type { CommandInstance } from '../core/command.js'
import type { Fields } from '../core/fields/index.js'
import type {
  ProjectionClass,
  ReadRow,
  SqlProjection,
  TableProjectionClass,
  TablesOf,
} from '../projections/index.js'
import type { Duration } from './duration.js'

/** What this process has done since it was started. */
export interface Counters {
  /** Events stored by commands. */
  readonly appended: number
  /** Commands that were accepted before, by this process or another, and were answered with their first receipt. */
  readonly alreadyKnown: number
  /** Events handed over to the log. */
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

/** The projections of a running app. */
export interface RunningProjections {
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

/** A projection that writes SQL: it has several tables, so that a read names one. */
type AnySqlProjection = new () => SqlProjection<unknown>

/**
 * A running app.
 *
 * States: running → stopping (commands are refused, those under way finish) → stopped. {@link stop} may be called at
 * any time and again; what is committed and not yet published or applied is taken up at the next start.
 */
export interface App {
  readonly projections: RunningProjections
  readonly surroundings: Surroundings
  readonly counters: Counters

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
  execute(command: CommandInstance, options?: ExecuteOptions): Promise<Receipt>

  /**
   * A typed Kysely query on a read model, as readers see it: the live generation. It may be behind the store; wait with
   * {@link projections.caughtUp} where that matters.
   *
   * @example
   * await app.read(Balances).where('balance', '<', 0n).selectAll().execute()
   */
  read<T extends string, C extends Fields, K extends string>(
    projection: TableProjectionClass<T, C, K>,
  ): SelectQueryBuilder<Record<T, ReadRow<C>>, T, object>
  read<P extends AnySqlProjection, T extends keyof TablesOf<InstanceType<P>> & string>(
    projection: P,
    table: T,
  ): SelectQueryBuilder<TablesOf<InstanceType<P>>, T, object>

  /**
   * Ends in order: no more commands, those under way finish, projections finish their batches, the relay gives its slots
   * back, connections close, and an embedded server stops with its last user.
   */
  stop(): Promise<void>

  /** The same as {@link stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}
