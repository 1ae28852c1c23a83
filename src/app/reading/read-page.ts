import { InvalidValue } from '../../core/errors/index.js'
import type { TableProjectionModel } from '../../projections/index.js'
import { cursorOf, placeAt } from './cursor.js'
import { type AnyQuery, type PlacedRow, placeOf, queriesAfter, withoutPlace } from './postgres/paged-query.js'
import type { PageAnswer, PageOptions } from './query-options.js'
import { rowOrderOf } from './row-order.js'

const DEFAULT_SIZE = 50
const LARGEST_SIZE = 1_000

/**
 * What reads one page of a query's rows; everything about it is checked before.
 *
 * @throws {@link InvalidValue} for options that fit neither the query nor the projection
 */
export function readPage(
  query: AnyQuery,
  model: TableProjectionModel,
  page: PageOptions,
): () => Promise<Pick<PageAnswer<object>, 'rows' | 'next'>> {
  const { size = DEFAULT_SIZE, after } = page
  if (!Number.isInteger(size) || size < 1 || size > LARGEST_SIZE)
    throw new InvalidValue('query', [
      { path: 'page.size', problem: `must be a whole number from 1 to ${LARGEST_SIZE}` },
    ])
  const order = rowOrderOf(model, page)
  const queries = queriesAfter(query, order, after === undefined ? undefined : placeAt(after, order))
  return async () => {
    const found: PlacedRow[] = []
    for (const part of queries) {
      // One more than asked for tells whether there is a next page.
      const wanted = size + 1 - found.length
      if (wanted > 0) found.push(...(await part.limit(wanted).execute()))
    }
    const rows = found.slice(0, size)
    const last = rows.at(-1)
    const next = found.length > size && last !== undefined ? cursorOf(order, placeOf(order, last)) : undefined
    return { rows: rows.map(withoutPlace), next }
  }
}
