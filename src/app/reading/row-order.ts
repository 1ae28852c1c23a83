import { InvalidValue } from '../../core/errors/index.js'
import type { FieldKind } from '../../core/fields/field.js'
import type { Violation } from '../../core/fields/violation.js'
import type { ColumnModel, TableProjectionModel } from '../../projections/index.js'
import { type Direction, DIRECTIONS, type PageOptions } from './query-options.js'

/** The one order in which all pages of a query are. */
export interface RowOrder {
  readonly projection: string
  readonly table: string
  readonly column: ColumnModel
  readonly direction: Direction
  /** Tells rows of one value apart. */
  readonly key: ColumnModel
}

/** Columns of several values have an order in Postgres, but none that would mean anything. */
const UNORDERED: readonly FieldKind[] = ['map', 'record', 'array']

/** @throws {@link InvalidValue} for what is no column to order by, or no direction */
export function rowOrderOf(
  { name, table, key: keyName, columns }: TableProjectionModel,
  { orderBy = keyName, direction = 'asc' }: PageOptions,
): RowOrder {
  const violations: Violation[] = []
  const column = columns.find((it) => it.name === orderBy)
  if (column === undefined)
    violations.push({ path: 'page.orderBy', problem: `must be one of the columns of ${table}` })
  else if (UNORDERED.includes(column.field.kind))
    violations.push({
      path: 'page.orderBy',
      problem: `must not be a ${column.field.kind}, which has no order`,
    })
  if (!DIRECTIONS.includes(direction))
    violations.push({ path: 'page.direction', problem: `must be ${DIRECTIONS.join(' or ')}` })
  if (column === undefined || violations.length > 0) throw new InvalidValue('query', violations)
  const key = columns.find((it) => it.name === keyName) ?? column
  return { projection: name, table, column, direction, key }
}
