import type { Envelope } from '../core/envelope.js'
import { InvalidValue } from '../core/errors/index.js'
import type { EventInstance } from '../core/event.js'
import { HandlerFailed } from '../subscriptions/index.js'
import type { TableProjectionModel } from './projection-model.js'

/** A row while events are folded into it. */
export type FoldedRow = Record<string, unknown>

/** Rows by key. Null stands for one that there is not: a handler deleted it. */
export type FoldedRows = Map<string, FoldedRow | null>

/** An event with the key of its row. */
export interface KeyedEnvelope {
  readonly key: string
  readonly envelope: Envelope<EventInstance>
}

/**
 * Folds events in order into their rows, in memory. `rows` holds the rows that exist, by key; afterwards it also holds
 * new ones, and null for each that a handler deleted by returning null. The event after that begins with a first row.
 * After a handler has run, its row must fit the columns.
 *
 * @throws {@link HandlerFailed} with the event at which a handler threw or left a row that does not fit
 */
export function fold(
  model: TableProjectionModel,
  projection: object,
  rows: FoldedRows,
  events: readonly KeyedEnvelope[],
): void {
  for (const { key, envelope } of events) {
    const row = rows.get(key) ?? firstRow(model, key)
    try {
      const result = model.handlers.get(envelope.type)?.run.call(projection, envelope.event, row, envelope)
      if (result instanceof Promise) throw new Error('a handler of a table projection must be synchronous')
      if (result !== null) checkRow(model, row, key)
      rows.set(key, result === null ? null : row)
    } catch (error) {
      // A fold asks nobody for anything: it would throw the same again.
      throw new HandlerFailed(envelope, error, false)
    }
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
  for (const column of Object.keys(row)) {
    if (!columns.some((it) => it.name === column))
      violations.push({ path: column, problem: 'is not declared' })
  }
  if (row[keyColumn] !== key)
    violations.push({ path: keyColumn, problem: 'is the key and must not be changed' })
  if (violations.length > 0)
    throw new InvalidValue(`the row ${JSON.stringify(key)} of projection ${name}`, violations)
}
