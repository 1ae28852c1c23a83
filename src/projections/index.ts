// The read side: projections turn events into read models, which can be thrown away and made again.
export { Projection, type ProjectionOptions, Projects, type ProjectsDecorator } from './decorators.js'
export { defineProjection, type ProjectedBy, type ProjectionDefinition } from './define-projection.js'
export {
  type ReadRow,
  type Row,
  type TableDefinition,
  TableProjection,
  type TableProjectionClass,
  type TableProjectionInstance,
} from './table-projection.js'
export { type CreateTables, type Delivery, SqlProjection, type TablesOf } from './sql-projection.js'
export type { AsOf } from './freshness.js'
export type {
  Across,
  ColumnModel,
  ColumnOrigin,
  EventHandlerModel,
  KeyOf,
  ProjectionClass,
  ProjectionModel,
  SqlProjectionModel,
  SqlProjectionType,
  TableProjectionModel,
  TableProjectionType,
} from './projection-model.js'
export { projectionModelOf } from './read-projection-model.js'
