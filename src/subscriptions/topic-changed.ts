import type { Lane } from '../log/index.js'
import { laneName } from '../log/index.js'

/** A topic is not what the checkpoint was made on: records were deleted, or it is another topic of the same name. */
export class TopicChanged extends Error {
  private constructor(lane: Lane, expected: string, found: string, meaning: string) {
    super(
      `${laneName(lane)}: expected ${expected}, found ${found}: ${meaning}; ` +
        `rebuild the projection, which reads the event store where the topic no longer has all of it`,
    )
  }

  /** Records that were not applied yet are gone. */
  static begins(lane: Lane, next: bigint, found: bigint): TopicChanged {
    return new TopicChanged(
      lane,
      `offset ${next.toString()}`,
      `the next record at offset ${found.toString()}`,
      'records were deleted before they were applied',
    )
  }

  /** Records that were applied are not there, nor the place where they were. */
  static ends(lane: Lane, next: bigint, end: bigint): TopicChanged {
    return new TopicChanged(
      lane,
      `offset ${next.toString()}`,
      `the end of the partition at offset ${end.toString()}`,
      'the topic was made anew, or lost records',
    )
  }

  /** Another record is where an applied one was. */
  static holds(lane: Lane, offset: bigint, applied: string, found: string): TopicChanged {
    return new TopicChanged(
      lane,
      `event ${applied} at offset ${offset.toString()}, as it was applied`,
      `event ${found}`,
      'the topic was made anew',
    )
  }
}
