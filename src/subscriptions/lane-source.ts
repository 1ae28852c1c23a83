import type { Lane, LaneConsumer, LogSubscription } from '../log/index.js'
import type { LanePosition } from './checkpoint-store.js'
import type { LaneBounds } from './subscription-options.js'

/** How far a generation has come in one lane. */
export interface LaneStatus {
  readonly topic: string
  readonly partition: number
  readonly next: bigint
  readonly end: bigint
}

/** How far a generation has come in all of its lanes. */
export interface LaneProgress {
  readonly lanes: readonly LaneStatus[]
  /** Records, or events, between there and the ends. */
  readonly lag: bigint
}

export interface JoinOptions {
  /** Members of one group share the lanes: each has one owner at a time. */
  readonly group: string
  readonly consumer: LaneConsumer
  /** Milliseconds after which a silent member's lanes go to another. */
  readonly lease: number
}

/** What was recorded of a topic, and of the log that it is in, when a generation began on it. */
export interface RecordedTopic {
  readonly partitions: number
  /** Undefined where the log was not recorded. */
  readonly log: string | undefined
}

/** Where the events of a subscriber come from: what feeding it need not tell apart. */
export interface LaneSource {
  /** Its lanes: partitions per topic. Every generation has a checkpoint in each. */
  readonly topics: ReadonlyMap<string, number>

  /** Whether there are offsets without a record that mean nothing: else one that is not there was deleted. */
  readonly gaps: boolean

  /** Begins to deliver the lanes to a member of the group. */
  join(options: JoinOptions): Promise<LogSubscription>

  /** The log that the lanes are in; undefined where they are in none. */
  readonly logIdentity?: string

  /**
   * Where a lane begins and ends now.
   *
   * @throws {@link TopicChanged} when its topic, or the log, is not the one that was recorded
   */
  boundsOf(lane: Lane, recorded?: RecordedTopic): Promise<LaneBounds>

  /** The lanes with their ends, and how many records or events lie between these positions and there. */
  progress(positions: readonly LanePosition[]): Promise<LaneProgress>
}
