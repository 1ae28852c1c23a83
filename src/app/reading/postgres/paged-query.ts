import {
  isOperationNodeSource,
  type RawBuilder,
  type SelectQueryBuilder,
  type SelectQueryNode,
  sql,
} from 'kysely'
import { InvalidValue } from '../../../core/errors/index.js'
import { quoted } from '../../../postgres/schemas.js'
import type { ColumnModel } from '../../../projections/index.js'
import { codecOf } from '../../../projections/postgres/column-codec.js'
import type { RowPlace } from '../cursor.js'
import type { RowOrder } from '../row-order.js'

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the tables are the caller's
export type AnyQuery<O = object> = SelectQueryBuilder<any, any, O>

/** A row with what tells its place. */
export type PlacedRow = Record<string, unknown>

/** No column of a projection can be called that. */
const VALUE = '__reprise_value'
const KEY = '__reprise_key'

/** What would give a row another place than its own, or no place at all, and what it is called. */
const REFUSED = [
  ['orderBy', 'order its rows: say page.orderBy'],
  ['limit', 'have a limit: say page.size'],
  ['offset', 'have an offset: say page.after'],
  ['fetch', 'have a limit: say page.size'],
  ['joins', 'join: a row could come several times; select from the other tables in subqueries'],
  ['groupBy', 'group its rows'],
  ['distinctOn', 'be distinct on something'],
  ['frontModifiers', 'be distinct'],
  ['setOperations', 'be put together of several'],
] as const satisfies readonly (readonly [keyof SelectQueryNode, string])[]

/** Tells a select of Kysely's from whatever else a function may have given. */
export function isSelect(query: unknown): query is AnyQuery {
  if (typeof query !== 'object' || query === null || !('execute' in query) || !isOperationNodeSource(query))
    return false
  return query.toOperationNode().kind === 'SelectQueryNode'
}

/**
 * The queries that, one after the other, give the rows after a place in their order. There are two where the column may
 * be without a value: no one condition on an index finds the rows after a value and those without one.
 *
 * @throws {@link InvalidValue} for a query whose rows cannot be paged
 */
export function queriesAfter(
  query: AnyQuery,
  order: RowOrder,
  place: RowPlace | undefined,
): readonly AnyQuery<PlacedRow>[] {
  refuseUnpageable(query.toOperationNode())
  const { table, column, direction, key } = order
  const own = columnOf(table, column)
  const keyOwn = columnOf(table, key)
  const placed = query.select([textOf(table, column).as(VALUE), textOf(table, key).as(KEY)])
  const beyond = sql.raw(direction === 'asc' ? '>' : '<')
  const inOrder = (conditions: readonly RawBuilder<boolean>[], by: readonly RawBuilder<unknown>[]) =>
    by.reduce<AnyQuery>(
      (ordered, it) => ordered.orderBy(it, direction),
      conditions.reduce<AnyQuery>((limited, it) => limited.where(it), placed),
    ) as AnyQuery<PlacedRow>

  const afterKey = (): RawBuilder<boolean> => sql`${keyOwn} ${beyond} ${valueOf(key, place?.key)}`
  if (column === key) return [inOrder(place === undefined ? [] : [afterKey()], [keyOwn])]

  // Of two columns as of one: an index on both is gone through from there on, one on the first narrows the rows down.
  const afterBoth = (): RawBuilder<boolean> =>
    sql`(${own}, ${keyOwn}) ${beyond} (${valueOf(column, place?.value)}, ${valueOf(key, place?.key)})`
  if (!column.field.optional) return [inOrder(place === undefined ? [] : [afterBoth()], [own, keyOwn])]

  const isInValues = place !== undefined && place.value !== undefined
  const isInNulls = place !== undefined && place.value === undefined
  const values = inOrder([isInValues ? afterBoth() : sql`${own} IS NOT NULL`], [own, keyOwn])
  const nulls = inOrder([sql`${own} IS NULL`, ...(isInNulls ? [afterKey()] : [])], [keyOwn])
  if (direction === 'asc') return isInNulls ? [nulls] : [values, nulls]
  return isInValues ? [values] : [nulls, values]
}

/** The place of a row that such a query gave. */
export function placeOf({ column, key }: RowOrder, row: PlacedRow): RowPlace {
  return {
    value: codecOf(column).read(row[VALUE] as string | null),
    key: codecOf(key).read(row[KEY] as string | null),
  }
}

/** The row as it was asked for. */
export function withoutPlace(row: PlacedRow): object {
  return Object.fromEntries(Object.entries(row).filter(([column]) => column !== VALUE && column !== KEY))
}

function refuseUnpageable(node: SelectQueryNode): void {
  const violations = REFUSED.filter(([part]) => node[part] !== undefined).map(([, problem]) => ({
    path: 'page',
    problem: `cannot be had of a query that itself would ${problem}`,
  }))
  if (violations.length > 0) throw new InvalidValue('query', violations)
}

const columnOf = (table: string, { name }: ColumnModel): RawBuilder<unknown> => sql.id(table, name)

const textOf = (table: string, column: ColumnModel): RawBuilder<string | null> =>
  sql.raw(codecOf(column).select(`${quoted(table)}.${quoted(column.name)}`))

/** A parameter with the type of the column: what it is compared with must not be cast, or no index would do. */
const valueOf = (column: ColumnModel, value: unknown): RawBuilder<unknown> =>
  sql`CAST(${codecOf(column).write(value)} AS ${sql.raw(codecOf(column).type)})`
