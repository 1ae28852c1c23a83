import type { Envelope } from '../core/envelope.js'
import { InvalidValue } from '../core/errors/index.js'
import type { EventInstance } from '../core/event.js'
import { HandlerFailed } from '../subscriptions/index.js'
import type { TableProjectionModel } from './projection-model.js'

/** A row while events are folded into it. */
export type FoldedRow = Record<string, unknown>

/**
 * Folds events in order into the rows of their streams, in memory. `rows` holds the rows that exist, by key; rows of
 * new streams are added to it. After a handler has run, its row must fit the columns.
 *
 * @throws {@link HandlerFailed} with the event at which a handler threw or left a row that does not fit
 */
export function fold(
  model: TableProjectionModel,
  projection: object,
  rows: Map<string, FoldedRow>,
  envelopes: readonly Envelope<EventInstance>[],
): void {
  for (const envelope of envelopes) {
    const key = envelope.stream.id
    const row = rows.get(key) ?? firstRow(model, key)
    try {
      const result = model.handlers.get(envelope.type)?.run.call(projection, envelope.event, row, envelope)
      if (result instanceof Promise) throw new Error('a handler of a table projection must be synchronous')
      checkRow(model, row, key)
    } catch (error) {
      // A fold asks nobody for anything: it would throw the same again.
      throw new HandlerFailed(envelope, error, false)
    }
    rows.set(key, row)
  }
}

function firstRow({ columns }: TableProjectionModel, key: string): FoldedRow {
  const row: FoldedRow = {}
  for (const { name, field, origin } of columns) {
    if (origin === 'key') row[name] = key
    else if (field.initial !== undefined) row[name] = field.copy(field.initial)
  }
  return row
}

function checkRow(
  { name, columns, key: keyColumn }: TableProjectionModel,
  row: FoldedRow,
  key: string,
): void {
  const violations = columns.flatMap(({ name: column, field }) => field.check(row[column], column))
  if (row[keyColumn] !== key)
    violations.push({ path: keyColumn, problem: 'is the key and must not be changed' })
  if (violations.length > 0)
    throw new InvalidValue(`the row ${JSON.stringify(key)} of projection ${name}`, violations)
}
