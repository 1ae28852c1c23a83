import type { Lane } from '../log/index.js'
import type { LaneGap } from './lane-gap.js'
import type { Suspicion } from './suspicion.js'
import type { TopicRules } from './topic-rules.js'

/** A record that was applied, by where it is and what tells it from any other. */
export interface AppliedRecord {
  readonly offset: bigint
  readonly proof: string
}

/** A lane that this process holds. */
export interface HeldLane {
  readonly lane: Lane
  readonly epoch: bigint
  readonly rules: TopicRules
  next: bigint
  /** The record that was applied last; undefined where none was yet. */
  last: AppliedRecord | undefined
  /**
   * One that was applied before the topic was found to be the same the last time. Whatever was applied since could be of
   * another topic, and would prove that one.
   */
  anchor: AppliedRecord | undefined
  /** The record that has to be found in its place before anything else is applied. */
  proof: AppliedRecord | undefined
  /** What it waits for. */
  gap: LaneGap | undefined
  /** Whether one of the next records may have ended its process. */
  readonly suspicion: Suspicion
}
