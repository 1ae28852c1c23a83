import type { DecoratedMethod } from '../core/decorated-method.js'
import type { Envelope } from '../core/envelope.js'
import type { EventSourceRef } from '../core/event-source.js'
import type { EventInstance, EventType } from '../core/event.js'
import type { Field } from '../core/fields/field.js'
import type { ServiceToken } from '../core/service-token.js'
import type { CreateTables, SqlProjection } from './sql-projection.js'
import type { TableProjectionInstance } from './table-projection.js'

/** A class of projections into one table. */
export type TableProjectionType = (new (...services: never[]) => TableProjectionInstance) & {
  readonly table: string
}

/** A class of projections that write SQL. It makes its own tables. */
export type SqlProjectionType = (new (...services: never[]) => SqlProjection<unknown>) & {
  tables: CreateTables
}

/** A class that folds events into one table, or writes them by SQL. It is made with the services that it lists in `inject`. */
export type ProjectionClass = SqlProjectionType | TableProjectionType

/** How a projection handles one type of event. */
export interface EventHandlerModel {
  readonly event: EventType
  readonly method: string
  /** Called with the event and a row and its envelope, or with the event and a delivery; the projection as `this`. */
  readonly run: DecoratedMethod
}

export const ACROSS = ['commutative', 'ordered'] as const
/** How lanes may meet on a row whose key is not the stream: in any order, or in the one order of the store. */
export type Across = (typeof ACROSS)[number]

/** Gives the key of the row that an event belongs to; undefined for an event of no row. */
export type KeyOf = (event: EventInstance, envelope: Envelope) => string | undefined

interface CommonModel {
  readonly name: string
  readonly version: number
  readonly projectionClass: ProjectionClass
  /** Tokens of the services that its constructor takes, in order. */
  readonly inject: readonly ServiceToken[]
  readonly sources: readonly EventSourceRef[]
  /** Undefined: the id of the stream. */
  readonly keyOf: KeyOf | undefined
  /** Undefined: each stream in its own order, for a row that belongs to one stream. */
  readonly across: Across | undefined
  /** Written in the transaction of the append, not from the log. */
  readonly inline: boolean
  /** How often an event is tried alone before it is parked. */
  readonly attempts: number
  /** By event type. The set of keys is part of what the projection is. */
  readonly handlers: ReadonlyMap<string, EventHandlerModel>
}

/** Where the value of a column in a new row comes from; `handler` columns must be set by the first event's handler. */
export type ColumnOrigin = 'key' | 'initial' | 'optional' | 'handler'

/** A column of a table projection. */
export interface ColumnModel {
  readonly name: string
  readonly field: Field<unknown, boolean>
  readonly origin: ColumnOrigin
}

/** Everything that the class of a projection into one table says, checked. */
export interface TableProjectionModel extends CommonModel {
  readonly kind: 'table'
  readonly table: string
  readonly key: string
  /** In the order of the definition. */
  readonly columns: readonly ColumnModel[]
  readonly indexes: readonly (readonly string[])[]
}

/** Everything that the class of a SQL projection says, checked. */
export interface SqlProjectionModel extends CommonModel {
  readonly kind: 'sql'
  readonly createTables: CreateTables
}

/** Everything that the class of a projection says, checked. A plain value, which can also be made without decorators. */
export type ProjectionModel = TableProjectionModel | SqlProjectionModel
