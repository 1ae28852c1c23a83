import type { Envelope } from '../core/envelope.js'
import { AggregateNotFound, DefinitionError, InvalidValue } from '../core/errors/index.js'
import type { EventInstance } from '../core/event.js'
import { eventTypesOf, readEvent } from '../core/event-reading.js'
import { timestamp } from '../core/fields/timestamp.js'
import type { Violation } from '../core/fields/violation.js'
import { streamIdProblem } from '../core/stream.js'
import type { EventStore } from '../core/ports/event-store.js'
import type { AggregateModel, StateModel } from './aggregate-model.js'
import { replay } from './aggregate-root.js'
import { currentState, type StateValues } from './aggregate-state.js'

export const INSTANT_KINDS = ['occurredAt', 'recordedAt'] as const
/** Which time of an event an instant is compared with: that of the domain, or that of the store. */
export type InstantKind = (typeof INSTANT_KINDS)[number]

/**
 * Up to where history is folded:
 *
 * - `version`: up to the event of this version, included
 * - `recordedAt`: what the store knew at the instant: up to the first event that it took later
 * - `occurredAt`: what had happened by the instant, as is known today: all events that occurred by then, in version order.
 *   One that was recorded late is in; one that occurred later is left out, though it may stand before one that is in. It is
 *   the balance by value date, where `recordedAt` gives the balance by booking date
 */
export type HistoryPoint = { readonly version: number } | { readonly at: Date; readonly by: InstantKind }

/** The state of an aggregate at a point of its history. */
export interface StateAtPoint {
  /** That of the last event folded. */
  readonly version: number
  /** The declared fields, in a copy of one's own. */
  readonly state: StateValues
  /** Both of the last event folded. */
  readonly occurredAt: Date
  readonly recordedAt: Date
  /**
   * Events up to `version` that had not occurred by the instant. Above 0 the aggregate was never in this state, since its
   * events occurred in another order than they were recorded in. Always 0 for a version and for `recordedAt`.
   */
  readonly leftOut: number
}

/**
 * A stream's events, in version order; those after a version, where one is given.
 *
 * @throws {@link AggregateNotFound} when there is no such stream, {@link EventNotReadable} when no class fits an event,
 * {@link InvalidValue} for what cannot be an id or a version
 */
export async function historyOf(
  store: EventStore,
  model: AggregateModel,
  id: string,
  { afterVersion = 0 }: { readonly afterVersion?: number } = {},
): Promise<readonly Envelope<EventInstance>[]> {
  const stream = { type: model.name, id }
  refuseOddPlace(id, afterVersion)
  const types = eventTypesOf(model.events.values())
  const events = await store.load(stream, { afterVersion })
  if (events.length === 0 && afterVersion === 0) throw new AggregateNotFound(stream, 'reader')
  return events.map((stored) => readEvent(stored, types))
}

/**
 * The declared state of an aggregate at a point of its history, or at its end. Always folded from its events, never taken
 * from a snapshot. Undefined when none of its events lies before the instant: it did not exist then.
 *
 * @throws {@link AggregateNotFound} when there is no such stream, {@link DefinitionError} when the aggregate declares no
 * state, {@link InvalidValue} for a version that the stream does not have
 *
 * @example
 * await stateAt(store, model, '576', { at: new Date('2024-12-31T23:59:59.999Z'), by: 'occurredAt' })
 */
export async function stateAt(
  store: EventStore,
  model: AggregateModel,
  id: string,
  point?: HistoryPoint,
): Promise<StateAtPoint | undefined> {
  const state = declaredState(model)
  const violations = point === undefined ? [] : pointViolations(point)
  if (violations.length > 0) throw new InvalidValue('stateAt', violations)
  const history = await historyOf(store, model, id)
  const folded = point === undefined ? history : historyUpTo(point, history)
  const last = folded.at(-1)
  if (last === undefined) return undefined
  const aggregate = new model.aggregateClass(id)
  for (const { event } of folded) replay(aggregate, event)
  const { version, occurredAt, recordedAt } = last
  const leftOut = version - folded.length
  return { version, state: currentState(model, state, aggregate), occurredAt, recordedAt, leftOut }
}

/** The events of a whole history that are folded for a point of it. */
export function historyUpTo<T extends Envelope>(point: HistoryPoint, history: readonly T[]): readonly T[] {
  if ('version' in point) return upToVersion(point.version, history)
  const instant = point.at.getTime()
  if (point.by === 'occurredAt') return history.filter(({ occurredAt }) => occurredAt.getTime() <= instant)
  const later = history.findIndex(({ recordedAt }) => recordedAt.getTime() > instant)
  return later === -1 ? history : history.slice(0, later)
}

function upToVersion<T extends Envelope>(version: number, history: readonly T[]): readonly T[] {
  if (version <= history.length) return history.slice(0, version)
  const problem = `must not be above ${history.length}, where the stream is now`
  throw new InvalidValue('stateAt', [{ path: 'version', problem }])
}

function refuseOddPlace(id: unknown, afterVersion: unknown): void {
  const problem = typeof id === 'string' ? streamIdProblem(id) : 'must be a string'
  const violations: Violation[] = problem === undefined ? [] : [{ path: 'id', problem }]
  if (!Number.isSafeInteger(afterVersion) || (afterVersion as number) < 0)
    violations.push({ path: 'afterVersion', problem: 'must be a whole number from 0 on' })
  if (violations.length > 0) throw new InvalidValue('history', violations)
}

function pointViolations(point: HistoryPoint): readonly Violation[] {
  if ('version' in point) {
    const valid = Number.isSafeInteger(point.version) && point.version > 0
    return valid ? [] : [{ path: 'version', problem: 'must be a whole number from 1 on' }]
  }
  return [
    ...timestamp().check(point.at, 'at'),
    ...(INSTANT_KINDS.includes(point.by)
      ? []
      : [{ path: 'by', problem: `must be one of ${INSTANT_KINDS.join(', ')}` }]),
  ]
}

function declaredState({ name, state }: AggregateModel): StateModel {
  if (state !== undefined) return state
  throw new DefinitionError([
    `aggregate ${name} declares no state to be shown: add state: { version: 1, fields: { … } } to its definition, ` +
      `and the methods state() and restore()`,
  ])
}
