import type { Envelope } from '../../core/envelope.js'
import { type EventInstance, eventToJson } from '../../core/event.js'
import { fold, type FoldedRow, type FoldedRows } from '../../projections/fold.js'
import type { TableProjectionModel } from '../../projections/index.js'
import { keyedEnvelopes, rowKeyOf } from '../../projections/row-key.js'
import { HandlerFailed } from '../../subscriptions/index.js'
import { assertionError, indented } from './assertion.js'
import { describe } from './difference.js'
import { differences } from './differences.js'
import { handlerFailed } from './handler-failed.js'
import { leaving, onBoth, requireEqual } from './twice.js'

type Envelopes = readonly Envelope<EventInstance>[]

/** Makes an instance of the projection. */
export type Create = () => object

/**
 * Folds events into rows as a projection does, but each twice: the second time on another day, and by an instance that
 * has handled nothing before. A commutative projection is given the streams in another order as well.
 *
 * @throws an AssertionError when a handler fails, is not pure, or depends on an order that it says it does not depend on
 */
export function foldTwice(
  model: TableProjectionModel,
  create: Create,
  envelopes: Envelopes,
): readonly FoldedRow[] {
  const handled = envelopes.filter(({ type }) => model.handlers.has(type))
  const projection = create()
  const both: readonly [FoldedRows, FoldedRows] = [new Map(), new Map()]
  for (const envelope of handled) {
    const { type, event } = envelope
    const what = `the handler ${model.handlers.get(type)?.method ?? '?'} of ${type} in ${model.name}`
    const key = keyOf(model, envelope)
    if (key === undefined) continue
    const [first, second] = both
    leaving(
      what,
      () => eventToJson(event),
      () =>
        onBoth([projection, create()], (it) => {
          foldOne(model, it, it === projection ? first : second, key, envelope, what)
        }),
    )
    requireEqual(what, [first.get(key), second.get(key)])
  }
  const rows = existing(both[0])
  if (model.across === 'commutative') requireCommutative(model, create, handled, rows)
  return [...rows.values()]
}

function keyOf(model: TableProjectionModel, envelope: Envelope<EventInstance>): string | undefined {
  const what = `the key of ${envelope.type} in ${model.name}`
  return failingAs(what, () => {
    const keys = onBoth([envelope, envelope], (it) => rowKeyOf(model, it))
    requireEqual(what, keys)
    return keys[0]
  })
}

function foldOne(
  model: TableProjectionModel,
  projection: object,
  rows: FoldedRows,
  key: string,
  envelope: Envelope<EventInstance>,
  what: string,
): void {
  failingAs(what, () => fold(model, projection, rows, [{ key, envelope }]))
}

function failingAs<T>(what: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw error instanceof HandlerFailed ? handlerFailed(what, error) : error
  }
}

/** Lanes meet in any order: here, the streams one after the other, the last one first. */
function requireCommutative(
  model: TableProjectionModel,
  create: Create,
  envelopes: Envelopes,
  rows: ReadonlyMap<string, FoldedRow>,
): void {
  const streams = new Map<string, Envelope<EventInstance>[]>()
  for (const envelope of envelopes) {
    const key = `${envelope.stream.type}-${envelope.stream.id}`
    const events = streams.get(key) ?? []
    streams.set(key, events)
    events.push(envelope)
  }
  const otherwise: FoldedRows = new Map()
  const events = [...streams.values()].reverse().flat()
  const what = `the projection ${model.name}, given its streams in another order,`
  failingAs(what, () => fold(model, create(), otherwise, keyedEnvelopes(model, events)))
  const found = differences(existing(otherwise), rows)
  if (found.length === 0) return
  const sides = { expected: 'in the order given', found: 'with the last stream first' }
  throw assertionError(
    `the projection ${model.name} is not commutative, as it says it is: its rows depend on which stream comes first\n` +
      indented(
        describe(
          found.map((it) => ({ ...it, path: `rows${it.path}` })),
          sides,
        ),
      ),
  )
}

function existing(rows: FoldedRows): ReadonlyMap<string, FoldedRow> {
  return new Map([...rows].flatMap(([key, row]) => (row === null ? [] : [[key, row] as const])))
}
