import type { SelectQueryBuilder } from 'kysely'
import type {
  ExecuteAllOptions,
  ExecuteOptions,
  GroupReceipt,
  Receipt,
} from '../aggregates/execute-options.js'
import type { AggregateClass } from '../aggregates/index.js'
import type { HistoryPoint, StateAtPoint } from '../aggregates/time-travel.js'
import type { CommandInstance } from '../core/command.js'
import type { Envelope } from '../core/envelope.js'
import type { EventSourceClass, EventsOf } from '../core/event-source.js'
import type { EventInstance, EventType } from '../core/event.js'
import type { Fields } from '../core/fields/index.js'
import type {
  ProjectionClass,
  ReadRow,
  SqlProjection,
  TableProjectionInstance,
  TablesOf,
} from '../projections/index.js'
import type { Counters, Surroundings } from './app-facts.js'
import type { Duration } from './duration.js'
import type { HealthReport } from './health/report.js'
import type { Answer, PageAnswer, QueryOn, QueryOptions, TableQueryOptions } from './reading/query-options.js'

/** How to stop. */
export interface StopOptions {
  /**
   * Runs first, while commands are still taken and `/readyz` already says no: close what brings them here, such as an
   * HTTP server, so that nobody is refused.
   */
  readonly drain?: () => unknown
}

/** What a running app can be asked about its projections. */
export interface RunningProjections {
  /**
   * Resolves when the projection has applied the command's events, by whichever process, so that a read after it sees
   * them. What it does not read is not waited for.
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
    receipt: Receipt | GroupReceipt,
    options?: { readonly timeout?: Duration },
  ): Promise<void>
}

/** A stored event with its place among all events of the store. */
export interface PositionedEvent<E = unknown> extends Envelope<E> {
  /** Grows along the events, with gaps. Reading can be resumed after it. */
  readonly position: bigint
}

/** Which events to read, and from where. */
export interface EventsOptions<E extends EventInstance = EventInstance> {
  /** The position of the last event that is not wanted: where an earlier reading was left. @defaultValue 0n, all */
  readonly after?: bigint
  /** Events of these aggregates only. @defaultValue all of the app */
  readonly aggregates?: readonly EventSourceClass<E>[]
  /** Events of these types only. @defaultValue all */
  readonly types?: readonly EventType<E>[]
  /** Goes on with what is appended later, in place of ending. @defaultValue false */
  readonly follow?: boolean
  /** Ends the reading: it throws the signal's reason. */
  readonly signal?: AbortSignal
  /**
   * How long a caller's open transaction that has appended may keep the end of the store unknown. What follows waits for
   * it without end. @defaultValue '30s'
   */
  readonly timeout?: Duration
}

/** The state of an aggregate at a point of its history. */
export interface StateAt<S> extends Omit<StateAtPoint, 'state'> {
  /** A copy of one's own. */
  readonly state: S
}

/** A class of aggregates that declare their state. */
export type StatefulAggregateClass = AggregateClass & (new (...args: never[]) => { state(): unknown })

/** A projection into one table, whatever services it is made with. */
export interface ReadableTable<T extends string, C extends Fields> {
  new (...services: never[]): TableProjectionInstance<C>
  readonly table: T
  readonly columns: C
}

/** A projection that writes SQL: it has several tables, so that a read names one. */
export type AnySqlProjection = new (...services: never[]) => SqlProjection<unknown>

/**
 * An app at work: it takes commands, shows history, and answers queries from its read models.
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
   * another command, {@link OutcomeUnknown} when the store went away: then try again with the same id;
   * {@link ConfigurationError} where the process has not the role `api`, {@link AppStopped} after {@link stop}
   *
   * With `tx` the events become part of a transaction of yours on the store's database, and the receipt counts only once
   * that has committed. Nothing is retried by itself then: a rival is a {@link WrongExpectedVersion} at once, after which
   * the transaction can be used on.
   *
   * @example
   * await app.execute(new DepositMoney({ accountId: '576', amount: 500n }), { commandId: request.id, actor: user.id })
   * await db.transaction().execute((tx) => app.execute(new DepositMoney({ accountId, amount: 500n }), { tx }))
   */
  execute(command: CommandInstance, options?: ExecuteOptions): Promise<Receipt>

  /**
   * Executes commands for different streams as one: resolves when the events of all are stored, in one transaction and
   * under one command id; or nothing is. They are decided in the order given, and all again when a rival moved one of
   * their streams on. `expect` guards streams that were only read. A retry is that of the same commands in the same order.
   *
   * @throws what {@link execute} throws, for whichever command it is; {@link InvalidValue} for an empty list or two
   * commands for one stream; {@link WrongExpectedVersion} when a stream in `expect` is not as expected
   *
   * @example
   * await app.executeAll([
   *   new WithdrawMoney({ accountId: '576', amount: 500n }),
   *   new DepositMoney({ accountId: '577', amount: 500n }),
   * ])
   */
  executeAll(commands: readonly CommandInstance[], options?: ExecuteAllOptions): Promise<GroupReceipt>

  /**
   * The events of one aggregate, in version order, straight from the store; those after a version, where one is given.
   *
   * @throws {@link AggregateNotFound} when there is none of that id, {@link EventNotReadable} when an event fits no class
   * of this release, {@link InvalidValue} for what cannot be an id or a version
   *
   * @example
   * for (const { version, event, metadata } of await app.history(Account, '576')) console.log(version, event, metadata.actor)
   */
  history<A extends AggregateClass>(
    aggregate: A,
    id: string,
    options?: { readonly afterVersion?: number },
  ): Promise<readonly Envelope<EventsOf<A>>[]>

  /**
   * The declared state of an aggregate at a version, at an instant, or now: always folded from its events. By `occurredAt`
   * it is what had happened by the instant, as is known today; by `recordedAt` what the store knew then. Undefined when
   * the aggregate did not exist yet.
   *
   * @throws {@link AggregateNotFound} when there is none of that id, {@link DefinitionError} when the aggregate declares
   * no state, {@link InvalidValue} for a version that it does not have
   *
   * @example
   * const endOfYear = new Date('2024-12-31T23:59:59.999Z')
   * const then = await app.stateAt(Account, '576', { at: endOfYear, by: 'occurredAt' })
   */
  stateAt<A extends StatefulAggregateClass>(
    aggregate: A,
    id: string,
    point?: HistoryPoint,
  ): Promise<StateAt<ReturnType<InstanceType<A>['state']>> | undefined>

  /**
   * All events of the store by position, each once, read in pages as they are asked for: up to the end of the store as it
   * was at the beginning, or with `follow` on and on. Per stream they come in version order. Nothing is missed: at or
   * before a position that was given out nothing is stored later, so that reading can be resumed after it at any time.
   * To find the end, appends are held up for some milliseconds.
   *
   * What follows is over when the app stops, waits for a database that is away, and hears of what is appended within
   * milliseconds in this process, and within half a second from others.
   *
   * @throws {@link EventNotReadable} when an event fits no class of this release, {@link TimedOut} when a transaction of
   * somebody's keeps the end unknown, {@link DefinitionError} for what is none of this app's, {@link InvalidValue} for an
   * odd position, {@link AppStopped} when the app stops before the end is reached
   *
   * @example
   * for await (const { position, event } of app.events({ types: [MoneyDeposited], after: lastSeen, follow: true })) {
   *   await search.add(event)
   *   await remember(position)
   * }
   */
  events<E extends EventInstance = EventInstance>(
    options?: EventsOptions<E>,
  ): AsyncGenerator<PositionedEvent<E>, void, undefined>

  /**
   * A typed Kysely query on a read model, as readers see it: the live generation. It may be behind the store; wait with
   * {@link projections.caughtUp} where that matters.
   *
   * @throws {@link DefinitionError} for a projection of another app, {@link InvalidValue} for a SQL projection without a
   * table
   *
   * @example
   * await app.read(Balances).where('balance', '<', 0n).selectAll().execute()
   */
  read<T extends string, C extends Fields>(
    projection: ReadableTable<T, C>,
  ): SelectQueryBuilder<Record<T, ReadRow<C>>, T, object>
  read<P extends AnySqlProjection, T extends keyof TablesOf<InstanceType<P>> & string>(
    projection: P,
    table: T,
  ): SelectQueryBuilder<TablesOf<InstanceType<P>>, T, object>

  /**
   * The rows of a query on a read model, and how far behind they are. With `since` it first waits until the read model
   * holds the events of those commands. With `page` it gives one page of a table projection's rows: a row that does not
   * change is in exactly one page, whatever is inserted, deleted or rebuilt between them; one whose place changes may be
   * in none or in two.
   *
   * Of a SQL projection all rows are given: such a query orders and limits itself.
   *
   * `asOf` never claims more than the rows hold: it is looked up before the query runs, in the store, the log and the read
   * side: some round trips more than {@link read} takes.
   *
   * @throws {@link TimedOut} when the read model does not hold the events of `since` in time, {@link ProjectionStopped} at
   * once when it has stopped before them; {@link InvalidValue} for a page that cannot be had, above all for an `after` that
   * was not given out for the same order; {@link LogUnavailable} when the log cannot say how far it goes
   *
   * @example
   * const overdrawn = await app.query(
   *   Balances,
   *   (balances) => balances.where('balance', '<', 0n).selectAll(),
   *   { since: receipt, timeout: '2s', page: { size: 50, orderBy: 'balance', after: request.query.after } },
   * )
   * response.json({ rows: overdrawn.rows, asOf: overdrawn.asOf.time, next: overdrawn.next })
   */
  query<T extends string, C extends Fields, O>(
    projection: ReadableTable<T, C>,
    query: QueryOn<Record<T, ReadRow<C>>, T, O>,
    options?: TableQueryOptions<keyof C & string>,
  ): Promise<PageAnswer<O>>
  query<P extends AnySqlProjection, T extends keyof TablesOf<InstanceType<P>> & string, O>(
    projection: P,
    table: T,
    query: QueryOn<TablesOf<InstanceType<P>>, T, O>,
    options?: QueryOptions,
  ): Promise<Answer<O>>

  /**
   * How this process is, and what it works with: each part with its state, since when, and its last error; what is not
   * published and not applied yet, and what does not get on. It answers within two seconds, also when all is away, and
   * is cheap to ask often. What it says is plain JSON.
   *
   * @throws nothing: what is away is told
   *
   * @example
   * const { status, components, lag } = await app.health()
   * if (status !== 'ok') console.warn(components.filter(({ state }) => state !== 'ok'), lag)
   */
  health(): Promise<HealthReport>

  /**
   * Ends in order: `/readyz` says no, no more commands, those under way finish, projections finish their batches, the
   * relay gives its slots back, connections close, and an embedded server stops with its last user. What has not ended
   * after `shutdownTimeout` is cut off.
   *
   * @throws {@link StopTimedOut} when it was cut off, and whatever else kept it from ending in order, such as a server
   * that went away meanwhile; nothing committed is lost then
   *
   * @example
   * await app.stop({ drain: () => logger.info({}, 'no more requests are taken') })
   */
  stop(options?: StopOptions): Promise<void>

  /** The same as {@link stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}
