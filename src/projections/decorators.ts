import type {
  InstanceMethodContext,
  ReturnsNothingOrNull,
  TypedClassDecorator,
} from '../core/decorator-types.js'
import { classRecorder, methodRecorder } from '../core/decorator-recorders.js'
import type { Envelope } from '../core/envelope.js'
import type { EventSourceRef, EventsOf } from '../core/event-source.js'
import type { EventInstance, EventType } from '../core/event.js'
import type { ServiceToken } from '../core/service-token.js'
import type { Across, ProjectionClass } from './projection-model.js'
import type { Delivery, SqlProjection } from './sql-projection.js'
import type { RowOf, TableProjectionInstance } from './table-projection.js'

/** What a projection's class says about the whole of it. */
export interface ProjectionOptions<From extends readonly EventSourceRef[] = readonly EventSourceRef[]> {
  /** Persisted: in schemas, checkpoints and consumer groups. It must never change; the class may be renamed. */
  readonly name: string
  /** Raised when rows made by the code before and after a change must not mix. Counts from 1. */
  readonly version: number
  /** The aggregates, or the contracts, whose events it reads. */
  readonly from: From
  /**
   * Gives the key of the row that an event belongs to, from the event and its envelope alone; 1 to 512 bytes. For
   * `TableProjection`, together with `across`. It is asked only for events that the projection handles. One for which it
   * gives undefined belongs to no row, and is passed by; a key that no row can have, such as an empty one, is
   * a failure of its event. @defaultValue the id of the event's stream
   */
  readonly key?: (
    event: EventsOf<From[number]>,
    envelope: Envelope<EventsOf<From[number]>>,
  ) => string | undefined
  /**
   * How events of different streams may meet in a row.
   *
   * - `commutative`: in any order, each stream's own kept: right for sums and counts. Needs `key`
   * - `ordered`: all in the one order of the store, on one lane: right for running balances, and slower. From
   *   aggregates only; of a `SqlProjection`, all of it is ordered
   */
  readonly across?: Across
  /**
   * Written in the transaction of the append, so that it is never behind; a unique constraint of it that is violated
   * refuses the command with a {@link CommandRejected}, which names the constraint and not the value. What else a handler
   * throws fails the command with an {@link InlineProjectionFailed}: nothing is stored then, and nothing ever parked. Each
   * append waits for it. Needs store and read models in one database.
   *
   * A new one is built from what the store holds before the first command of a start with `provision`, else by
   * `reprise projection rebuild`. From then on builds that lack it, or have another version of it, can no longer append
   * to its aggregates: their commands fail with an {@link InlineProjectionUnknown} or a {@link BuildRefused}, so let
   * the old processes go soon. @defaultValue false
   */
  readonly inline?: boolean
  /**
   * How often an event that its handler failed at is tried alone before it is parked, 1 to 100; each try is counted before
   * it is made, so that one which ends the process counts. Not for an inline projection, which parks nothing.
   * @defaultValue 5
   */
  readonly attempts?: number
  /** Tokens of the services that the constructor takes, in order. The app is given their container. */
  readonly inject?: readonly ServiceToken[]
}

/**
 * Makes a class a projection: a read model made from events, and from nothing else. Only records: what is
 * wrong is reported when the app starts, all at once. Without decorators: {@link defineProjection}.
 *
 * @example
 * @Projection({ name: 'balances', version: 1, from: [Account] })
 * export class Balances extends TableProjection({
 *   table: 'balances',
 *   key: 'account_id',
 *   columns: { account_id: string(), balance: long(0n) },
 * }) {}
 *
 * @Projection({
 *   name: 'daily_totals',
 *   version: 1,
 *   from: [Account],
 *   key: (event, { occurredAt }) => occurredAt.toISOString().slice(0, 10),
 *   across: 'commutative',
 * })
 * export class DailyTotals extends TableProjection({
 *   table: 'daily_totals',
 *   key: 'day',
 *   columns: { day: date(), turnover: long(0n) },
 * }) {}
 */
export function Projection<const From extends readonly EventSourceRef[]>(
  options: ProjectionOptions<From>,
): TypedClassDecorator<ProjectionClass> {
  return classRecorder({ decorator: 'Projection', options })
}

/** The methods that can handle an event `E` in a table projection `P`: synchronous, and returning nothing or null. */
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- what a method without return gives
export type TableHandler<P, E> = (event: E, row: RowOf<P>, envelope: Envelope<E>) => void | null
/** The methods that can handle an event `E` in a SQL projection over `Tables`. */
export type SqlHandler<Tables, E> = (event: E, delivery: Delivery<Tables>) => unknown

/** One type for both styles: of two overloads the compiler would tell what is wrong with the last only. */
type HandlerIn<P, E> = P extends TableProjectionInstance
  ? TableHandler<P, E>
  : P extends SqlProjection<infer Tables>
    ? SqlHandler<Tables, E>
    : 'a method of a TableProjection or SqlProjection'

/** Nothing more of a handler in SQL, which may be async. */
type FittingIn<P, M> = P extends TableProjectionInstance ? ReturnsNothingOrNull<M> : unknown

/** A decorator for handlers of `E`: for both styles of projections, in both decorator modes. */
export interface ProjectsDecorator<E extends EventInstance> {
  <P, M extends HandlerIn<P, E>>(
    target: P,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M> & FittingIn<P, M>,
  ): void
  <P, M extends HandlerIn<P, E>>(method: M & FittingIn<P, M>, context: InstanceMethodContext<P>): void
}

/**
 * Makes a method the handler of an event. In a `TableProjection` it gets `(event, row, envelope)`, and changes the row
 * before it returns, or returns null to delete it; in a `SqlProjection` it gets `(event, delivery)`, and may be async. Each
 * event takes effect exactly once; since a batch that failed runs again, handlers must do nothing that its transaction does
 * not undo. An event at which its handler throws again and again is parked, and the later ones of its key wait behind it;
 * all others go on.
 *
 * @throws {@link DefinitionError} as a standard decorator, at once, on what is no method or has a # name
 *
 * @example
 * @Projects(MoneyDeposited)
 * deposited(event: MoneyDeposited, row: Row<typeof Balances>) { row.balance += event.amount }
 */
export function Projects<E extends EventInstance>(event: EventType<E>): ProjectsDecorator<E> {
  return methodRecorder({ decorator: 'Projects', message: event, options: {} })
}
