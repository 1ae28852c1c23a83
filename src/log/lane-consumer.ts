import type { LogRecord } from './log-record.js'

/** One partition of one topic, as a member of a group sees it. */
export interface Lane {
  readonly topic: string
  readonly partition: number
}

export const laneName = ({ topic, partition }: Lane): string => `${topic}/${partition}`

/** What a member of a group does with the partitions it is given. Calls for one lane never overlap; lanes run side by side. */
export interface LaneConsumer {
  /**
   * The lane is this member's now. Answers the offset to begin at, which is the consumer's own truth: a log's record of
   * committed offsets is never consulted. Called again whenever the lane was lost and came back.
   */
  assigned(lane: Lane): Promise<bigint>

  /**
   * Records in offset order, the first one at the offset last asked for unless the log no longer holds it. Answers the
   * offset to go on from, usually the last one plus one. A rejection is followed by {@link assigned} and another try
   * after a pause. When `signal` aborts, the lane is lost: finish or give up, the answer is ignored.
   */
  deliver(lane: Lane, records: readonly LogRecord[], signal: AbortSignal): Promise<bigint>

  /** The lane went to another member, or the subscription stops. No batch of it is under way. */
  revoked(lane: Lane): Promise<void>
}
