import type { DecoratedMethod } from '../core/decorated-method.js'
import type { EventSourceClass } from '../core/event-source.js'
import type { EventType } from '../core/event.js'
import type { Field } from '../core/fields/field.js'
import type { CreateTables, SqlProjection } from './sql-projection.js'
import type { TableProjectionInstance } from './table-projection.js'

/** A class of projections into one table. */
export type TableProjectionType = (new () => TableProjectionInstance) & { readonly table: string }

/** A class of projections that write SQL. It makes its own tables. */
export type SqlProjectionType = (new () => SqlProjection<unknown>) & { tables: CreateTables }

/** A class of projections. Its instances are made without arguments. */
export type ProjectionClass = TableProjectionType | SqlProjectionType

/** How a projection handles one type of event. */
export interface EventHandlerModel {
  readonly event: EventType
  readonly method: string
  /** Called with the event and a row and its envelope, or with the event and a delivery; the projection as `this`. */
  readonly run: DecoratedMethod
}

interface CommonModel {
  readonly name: string
  readonly version: number
  readonly projectionClass: ProjectionClass
  readonly sources: readonly EventSourceClass[]
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
