import type { Lane, LogRecord } from '../log/index.js'
import { Halt } from './halt.js'
import type { AppliedRecord, HeldLane } from './held-lane.js'
import { proofOf } from './record-proof.js'
import type { Subscriber } from './subscriber.js'
import type { LaneBounds } from './subscription-options.js'
import { type WayOut, TopicChanged, wayOutOf } from './topic-changed.js'

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

/**
 * What was not applied yet, if the record that proves the topic is still the one that it was; nothing before the log has come
 * to that.
 *
 * @throws {@link Halt} when it is another one
 */
export function provenRecords(
  subscriber: Pick<Subscriber<never>, 'kind'>,
  held: HeldLane,
  delivered: readonly LogRecord[],
): readonly LogRecord[] {
  const { lane, proof, rules } = held
  if (proof === undefined) return delivered
  const records = delivered.filter(({ offset }) => offset >= proof.offset)
  const [first] = records
  if (first === undefined) return records
  held.proof = undefined
  if (first.offset === proof.offset) {
    const found = proofOf(first, rules)
    const wayOut = wayOutOf(subscriber, rules)
    if (found !== proof.proof)
      throw new Halt(TopicChanged.holds(lane, wayOut, first.offset, proof.proof, found))
  }
  // One that is gone, as from a topic that is compacted, proves nothing any more.
  held.anchor = held.last
  return records.filter(({ offset }) => offset >= held.next)
}
