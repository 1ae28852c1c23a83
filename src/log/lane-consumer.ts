import type { LogRecord } from './log-record.js'

/** One partition of one topic, as a member of a group sees it. */
export interface Lane {
  readonly topic: string
  readonly partition: number
}

export const laneName = ({ topic, partition }: Lane): string => `${topic}/${partition}`

/** What is told of a lane whose batches fail again and again. */
export const TAKING = {
  fails: 'a batch was not taken; it will be delivered again',
  over: 'batches are taken again',
}

/**
 * Thrown by a consumer that cannot go on with a lane and another member perhaps can. The log gives the lane up, and leaves
 * it to the others for two leases; where nobody else takes it, it is offered again.
 */
export class LaneDeclined extends Error {
  constructor(lane: Lane, reason: string) {
    super(`${laneName(lane)} was declined: ${reason}`)
  }
}

/** What a member of a group does with the partitions it is given. Calls for one lane never overlap; lanes run side by side. */
export interface LaneConsumer {
  /**
   * The lane is this member's now. Answers the offset to begin at, which is the consumer's own truth: a log's record of
   * committed offsets is never consulted. Called again whenever the lane was lost and came back.
   *
   * @throws {@link LaneDeclined} to leave the lane to another member; whatever else it likes: it is asked again after a
   * pause
   */
  assigned(lane: Lane): Promise<bigint>

  /**
   * The lane is still this member's, but what is in the log may not be what it was: members were given their lanes anew, or
   * an end moved back, or it is only looked at now and then. Answers the offset to go on from, as {@link assigned} does,
   * and takes nothing from anybody. Not given, {@link assigned} is called in its place where there is a reason.
   *
   * @throws as {@link assigned}
   */
  recheck?(lane: Lane): Promise<bigint>

  /**
   * Up to where the lane's records are applied, which is what others are told of it. It may be asked for from further back,
   * to be looked at again. Not given, or `undefined`, it is where the lane goes on.
   */
  reached?(lane: Lane): bigint | undefined

  /**
   * Records in offset order, the first one at the offset last asked for unless the log no longer holds it. Answers the
   * offset to go on from, usually the last one plus one. When `signal` aborts, the lane is lost: finish or give up, the
   * answer is ignored.
   *
   * @throws {@link LaneDeclined} to leave the lane to another member; whatever else it likes: {@link assigned} and another
   * try follow after a pause
   */
  deliver(lane: Lane, records: readonly LogRecord[], signal: AbortSignal): Promise<bigint>

  /**
   * The log was read from one offset up to another and holds no record there: the ends of transactions, say, and what they
   * aborted. `from` is the offset last asked for unless the log no longer holds it. Answers the offset to go on from, usually
   * `to`. When `signal` aborts, the lane is lost, as in {@link deliver}. What comes with a record behind it is told with that
   * record. Not given, the lane goes on at `to`.
   *
   * @throws as {@link deliver}
   */
  passed?(lane: Lane, from: bigint, to: bigint, signal: AbortSignal): Promise<bigint>

  /**
   * The log is not the one that was joined, so none of its lanes can be gone on with: `cause` says what was expected and
   * what was found. Told again for as long as that is so.
   */
  refused?(cause: Error): void

  /**
   * The lane went to another member, or the subscription stops. No batch of it is under way.
   *
   * @throws whatever it likes: the lane is gone all the same
   */
  revoked(lane: Lane): Promise<void>
}

/** Asks a consumer where a lane goes on that it still has, and whether it can. */
export const recheck = (consumer: LaneConsumer, lane: Lane): Promise<bigint> =>
  consumer.recheck?.(lane) ?? consumer.assigned(lane)
