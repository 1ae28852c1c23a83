import { MOST_COUNTED, type OutboxLook } from '../postgres/outbox-look.js'
import type { RelayStates } from './part-states.js'
import { dateOf, type Pace, type ProgressWatch } from './progress-watch.js'
import type { ComponentState, OutboxFacts } from './report.js'

/** An outbox as this process has it. */
export interface WatchedOutbox {
  readonly name: string
  /** Undefined where it gave no answer. */
  readonly look: OutboxLook | undefined
  readonly states: RelayStates
  /** Whether this process publishes from it. */
  readonly relays: boolean
}

/** Everything about an outbox but since when; `begun` where that is known. */
export function outboxFacts(
  { name, look, states: { leases, publishing }, relays }: WatchedOutbox,
  watch: ProgressWatch,
  now: Date,
): Omit<OutboxFacts, 'since'> & { readonly begun: Date | undefined } {
  const pace = look === undefined ? undefined : paceOf(name, look, watch)
  // A relay tries again every few seconds. One that does not may have nothing to publish any more: another one has its rows.
  const failing = relays && (leases.down || (publishing.failsNow(now) && look?.unpublished !== 0n))
  const state = stateOf(pace, failing, look)
  return {
    name,
    state,
    begun: begunAt(state, { leases, publishing }, watch.movedAt(name)),
    lastError: leases.down ? leases.lastError : (publishing.lastError ?? leases.lastError),
    unpublished: look === undefined ? null : Math.min(Number(look.unpublished), MOST_COUNTED),
    exact: look === undefined || look.unpublished <= MOST_COUNTED,
    oldestAgeMs: look?.oldestAgeMs ?? null,
    refused: look === undefined ? null : Number(look.refused),
    slots: look === undefined ? null : { held: Number(look.heldSlots), relays: Number(look.relays) },
  }
}

function begunAt(
  state: ComponentState,
  { leases, publishing }: RelayStates,
  movedAt: number | undefined,
): Date | undefined {
  if (state === 'down') return (leases.down ? leases : publishing).since
  if (state === 'ok') return leases.since > publishing.since ? leases.since : publishing.since
  return state === 'stalled' && movedAt !== undefined ? dateOf(movedAt) : undefined
}

function stateOf(pace: Pace | undefined, failing: boolean, look: OutboxLook | undefined): ComponentState {
  if (failing) return 'down'
  if (pace === undefined || look === undefined) return 'unknown'
  if (pace !== 'ok') return pace
  return look.refused > 0n ? 'parked' : 'ok'
}

/** The first row that is not published is another one as soon as anything gets on. */
function paceOf(name: string, { firstRow, unpublished }: OutboxLook, watch: ProgressWatch): Pace {
  const next = firstRow ?? 0n
  return watch.look(name, next, firstRow === null ? next : next + unpublished, performance.now())
}
