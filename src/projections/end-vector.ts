import { laneName } from '../log/index.js'
import type { LanePosition } from '../subscriptions/index.js'
import type { ProjectionParts } from './projection-feed.js'

/** Where the topics of a projection ended at one moment. */
export interface EndVector {
  readonly positions: readonly LanePosition[]
  /** Whether every partition still begins at its first record. */
  readonly complete: boolean
  /** Records in the topics. */
  readonly records: number
}

/** Where the topics of a projection end now. */
export async function endOf<Tx>({ log, topics }: ProjectionParts<Tx>): Promise<EndVector> {
  const names = [...topics.keys()]
  const offsets = await Promise.all(names.map((topic) => log.topics.offsets(topic)))
  const partitions = offsets.flatMap((all, index) => all.map((it) => ({ topic: names[index] ?? '', ...it })))
  return {
    positions: partitions.map(({ topic, partition, end }) => ({ topic, partition, next: end })),
    complete: partitions.every(({ earliest }) => earliest === 0n),
    records: Number(partitions.reduce((sum, { earliest, end }) => sum + end - earliest, 0n)),
  }
}

/** Whether every lane of `goal` has come as far as there. */
export function reached(positions: readonly LanePosition[], goal: readonly LanePosition[]): boolean {
  const next = byLane(positions)
  return goal.every((lane) => (next.get(laneName(lane)) ?? 0n) >= lane.next)
}

/** The positions, none beyond the end. */
export function notBeyond(
  positions: readonly LanePosition[],
  { positions: end }: EndVector,
): readonly LanePosition[] {
  const last = byLane(end)
  return positions.map((lane) => ({ ...lane, next: least(lane.next, last.get(laneName(lane)) ?? 0n) }))
}

/** Whether a position lies beyond the end: then it was made on another topic of this name. */
export function isBeyond(positions: readonly LanePosition[], { positions: end }: EndVector): boolean {
  return !reached(end, positions)
}

/** How many records lie behind the positions, none counted beyond the end. */
export function reachedCount(positions: readonly LanePosition[], { positions: end }: EndVector): number {
  const goal = byLane(end)
  return Number(positions.reduce((sum, lane) => sum + least(lane.next, goal.get(laneName(lane)) ?? 0n), 0n))
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b)

function byLane(positions: readonly LanePosition[]): ReadonlyMap<string, bigint> {
  return new Map(positions.map((lane) => [laneName(lane), lane.next]))
}
