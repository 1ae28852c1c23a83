import type { ReturnsNothing, TypedClassDecorator } from '../core/decorator-types.js'
import { classRecorder, methodRecorder } from '../core/definition-metadata.js'
import type { Envelope } from '../core/envelope.js'
import type { EventSourceClass } from '../core/event-source.js'
import type { EventInstance, EventType } from '../core/event.js'
import type { ProjectionClass } from './projection-model.js'
import type { Delivery, SqlProjection } from './sql-projection.js'
import type { RowOf, TableProjectionInstance } from './table-projection.js'

/** What a projection's class says about the whole of it. */
export interface ProjectionOptions {
  /** Persisted: in schemas, checkpoints and consumer groups. It must never change; the class may be renamed. */
  readonly name: string
  /** Raised when rows made by the code before and after a change must not mix. Counts from 1. */
  readonly version: number
  /** The aggregates whose events it reads. */
  readonly from: readonly EventSourceClass[]
}

/**
 * Makes a class a projection: a read model made from events, and from nothing else. Only records: what is
 * wrong is reported when the app starts, all at once.
 *
 * @example
 * @Projection({ name: 'balances', version: 1, from: [Account] })
 * export class Balances extends TableProjection({ … }) {}
 */
export function Projection(options: ProjectionOptions): TypedClassDecorator<ProjectionClass> {
  return classRecorder({ decorator: 'Projection', options })
}

/** The methods that can handle an event `E` in a table projection `P`: synchronous, and returning nothing. */
type TableHandler<P, E> = (event: E, row: RowOf<P>, envelope: Envelope<E>) => void
/** The methods that can handle an event `E` in a SQL projection over `Tables`. */
type SqlHandler<Tables, E> = (event: E, delivery: Delivery<Tables>) => unknown

/** A decorator for handlers of `E`: for both styles of projections, in both decorator modes. */
export interface ProjectsDecorator<E extends EventInstance> {
  <P extends TableProjectionInstance, M extends TableHandler<P, E>>(
    method: M & ReturnsNothing<M>,
    context: ClassMethodDecoratorContext<P>,
  ): void
  <T, M extends SqlHandler<T, E>>(method: M, context: ClassMethodDecoratorContext<SqlProjection<T>>): void
  <P extends TableProjectionInstance, M extends TableHandler<P, E>>(
    target: P,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M> & ReturnsNothing<M>,
  ): void
  <T, M extends SqlHandler<T, E>>(
    target: SqlProjection<T>,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): void
}

/**
 * Makes a method the handler of an event. In a `TableProjection` it gets `(event, row, envelope)`, and
 * changes the row before it returns; in a `SqlProjection` it gets `(event, delivery)`, and may be async. A
 * handler that throws stops its projection. Each event takes effect exactly once; since a batch that failed
 * runs again, handlers must do nothing that its transaction does not undo.
 *
 * @example
 * @Projects(MoneyDeposited)
 * deposited(event: MoneyDeposited, row: Row<typeof Balances>) { row.balance += event.amount }
 */
export function Projects<E extends EventInstance>(event: EventType<E>): ProjectsDecorator<E> {
  return methodRecorder({ decorator: 'Projects', message: event, options: {} })
}
