import type { Lane } from '../log/index.js'
import type { LanePosition, SubscriberRef } from './checkpoint-store.js'
import type { LaneSource } from './lane-source.js'
import type { LaneBounds } from './subscription-options.js'

/** What a generation knows of the topics that it was begun on. */
export interface Records {
  readonly generations: {
    /** Records the log whose offsets a generation's checkpoints are, unless one was before. Answers the recorded one. */
    claimLog(generation: number, identity: string): Promise<string>
  }
  readonly checkpoints: {
    positions(of: SubscriberRef): Promise<readonly LanePosition[]>
  }
}

/**
 * How a generation looks where its lanes begin and end, in topics that are what they were when it began on them. The first
 * time its log is recorded.
 *
 * Looking throws a {@link TopicChanged} where they are not.
 */
export async function recordedBounds(
  { generations, checkpoints }: Records,
  source: LaneSource,
  { name, generation }: SubscriberRef,
): Promise<(lane: Lane) => Promise<LaneBounds>> {
  const positions = await checkpoints.positions({ name, generation })
  const partitionsOf = (topic: string): number => positions.filter((it) => it.topic === topic).length
  const log =
    source.logIdentity === undefined ? undefined : await generations.claimLog(generation, source.logIdentity)
  return (lane) => source.boundsOf(lane, { partitions: partitionsOf(lane.topic), log })
}
