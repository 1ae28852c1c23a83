import type { Lane, LaneConsumer, LogSubscription } from '../log/index.js'

export interface OrderedSubscribeOptions {
  /** Of the members of one group, one at a time is given the lane. */
  readonly group: string
  /** The name of the lane to its consumer and in its checkpoint. */
  readonly lane: Lane
  readonly streamTypes: readonly string[]
  readonly consumer: LaneConsumer
  /** Milliseconds after which a silent member's lane goes to another. */
  readonly lease: number
}

/**
 * The store as one lane: every event of some stream types, once, in the order of their positions over all streams. The
 * offsets of its records are the positions, so they have gaps. What is delivered is final: nothing will be committed at a
 * position before it.
 */
export interface OrderedFeed {
  /** Joins the group and begins to deliver. */
  subscribe(options: OrderedSubscribeOptions): Promise<LogSubscription>
}
