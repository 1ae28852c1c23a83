import type { IfFitting, ReturnsNothingOrNull } from '../core/decorator-types.js'
import { record } from '../core/definition-metadata.js'
import type { EventSourceRef } from '../core/event-source.js'
import type { EventInstance, EventType } from '../core/event.js'
import { recordMethods } from '../core/method-definitions.js'
import type { ProjectionOptions, SqlHandler, TableHandler } from './decorators.js'
import type { ProjectionClass } from './projection-model.js'
import type { TablesOf } from './sql-projection.js'
import type { TableProjectionInstance } from './table-projection.js'

/** The events that a method of a projection `P` can handle: of its first parameter's type, or any if it has none. */
type EventsFor<P, M> = P extends TableProjectionInstance
  ? M extends TableHandler<P, infer E>
    ? IfFitting<ReturnsNothingOrNull<M>, EventType<E & EventInstance>>
    : 'is not a method that can take (event, row, envelope)'
  : M extends SqlHandler<TablesOf<P>, infer E>
    ? EventType<E & EventInstance>
    : 'is not a method that can take (event, delivery)'

/** Methods that handle events, by name. */
export type ProjectedBy<P> = { readonly [K in keyof P & string]?: EventsFor<P, P[K]> }

/** What {@link defineProjection} is told: what the decorators say. */
export interface ProjectionDefinition<
  P,
  From extends readonly EventSourceRef[] = readonly EventSourceRef[],
> extends ProjectionOptions<From> {
  /** The events of the methods that handle one, as `@Projects` says. */
  readonly projects: ProjectedBy<P>
}

/**
 * Makes a class a projection without decorators: it says the same as `@Projection` and `@Projects`, and the methods
 * that it names must be public. Only records, once for a class; what is wrong is reported when the app starts. Returns
 * the class.
 *
 * @example
 * export class Balances extends TableProjection({
 *   table: 'balances',
 *   key: 'account_id',
 *   columns: { account_id: string(), balance: long(0n) },
 * }) {
 *   deposited(event: MoneyDeposited, row: Row<typeof Balances>) { row.balance += event.amount }
 * }
 *
 * defineProjection(Balances, { name: 'balances', version: 1, from: [Account], projects: { deposited: MoneyDeposited } })
 */
export function defineProjection<K extends ProjectionClass, const From extends readonly EventSourceRef[]>(
  projectionClass: K,
  { projects, ...options }: ProjectionDefinition<InstanceType<K>, From>,
): K {
  recordMethods(projectionClass, 'Projects', projects)
  record(projectionClass, { classes: [{ decorator: 'Projection', options }] })
  return projectionClass
}
