import { laneName } from '../log/index.js'
import type { LanePosition } from '../subscriptions/index.js'

/** Where the lanes of a source ended at one moment. */
export type EndVector = readonly LanePosition[]

/** Whether every lane of `goal` has come as far as there. */
export function reached(positions: readonly LanePosition[], goal: readonly LanePosition[]): boolean {
  const next = byLane(positions)
  return goal.every((lane) => (next.get(laneName(lane)) ?? 0n) >= lane.next)
}

/** The positions, none beyond the end. */
export function notBeyond(positions: readonly LanePosition[], end: EndVector): readonly LanePosition[] {
  const last = byLane(end)
  return positions.map((lane) => ({ ...lane, next: least(lane.next, last.get(laneName(lane)) ?? 0n) }))
}

/** Whether a position lies beyond the end: then it was made on another topic of this name. */
export function isBeyond(positions: readonly LanePosition[], end: EndVector): boolean {
  return !reached(end, positions)
}

/** How many of so many events lie behind the positions, as far as offsets tell: none is counted beyond the end. */
export function shareBehind(positions: readonly LanePosition[], end: EndVector, events: number): number {
  const all = sum(end)
  if (all === 0n) return events
  const behind = notBeyond(positions, end)
  return Number((BigInt(events) * sum(behind)) / all)
}

const sum = (positions: readonly LanePosition[]): bigint =>
  positions.reduce((total, { next }) => total + next, 0n)

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b)

function byLane(positions: readonly LanePosition[]): ReadonlyMap<string, bigint> {
  return new Map(positions.map((lane) => [laneName(lane), lane.next]))
}
