import type { Lane } from '../log/index.js'
import { Halt } from './halt.js'
import type { AppliedRecord } from './held-lane.js'
import type { LaneBounds } from './subscription-options.js'
import { type WayOut, TopicChanged } from './topic-changed.js'

/** Where a lane is asked for, and what has to be found there first. */
export interface LaneStart {
  readonly from: bigint
  /** The record at `from`, where that was applied already. */
  readonly proof: AppliedRecord | undefined
}

/**
 * Where a lane goes on whose checkpoint is at `next`: at the first of the `applied` records that the topic still has, which
 * is looked at again.
 *
 * @throws {@link Halt} when the topic cannot be the one that the checkpoint was made on
 */
export function laneStart(
  lane: Lane,
  wayOut: WayOut,
  { next, applied }: { readonly next: bigint; readonly applied: readonly (AppliedRecord | undefined)[] },
  { earliest, end }: LaneBounds,
): LaneStart {
  if (next < earliest) throw new Halt(TopicChanged.begins(lane, wayOut, next, earliest))
  if (next > end) throw new Halt(TopicChanged.ends(lane, wayOut, next, end))
  const proof = applied.find((it) => it !== undefined && it.offset >= earliest && it.offset < next)
  return { from: proof?.offset ?? next, proof }
}
