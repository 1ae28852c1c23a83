import { type Lane, laneName } from '../lane-consumer.js'
import type { AdminConnection } from './admin-connection.js'
import type { Position } from './offset-committer.js'

/** A lane whose group offset is not where the group's last member can have left it. */
export interface LostOffset {
  readonly lane: string
  readonly expected: string
  readonly found: string
}

/** What the brokers say for a group that never said where it is, or whose offset was dropped. */
const NONE = -1n

/**
 * The lanes whose group offsets were lost, or set by somebody else: there is none, one at the very beginning, or one that
 * is ahead. One a little behind is what a member leaves that was killed.
 */
export async function lostOffsets(
  connection: AdminConnection,
  groupId: string,
  positions: readonly Position[],
): Promise<readonly LostOffset[]> {
  const topics = [...new Set(positions.map(({ lane }) => lane.topic))]
  const committed = await connection.use((admin) => admin.fetchOffsets({ groupId, topics }))
  const offsetOf = ({ topic, partition }: Lane): bigint =>
    BigInt(
      committed.find((it) => it.topic === topic)?.partitions.find((it) => it.partition === partition)
        ?.offset ?? NONE,
    )
  return positions.flatMap(({ lane, next }) => {
    const found = offsetOf(lane)
    if (found <= next && (found > 0n || next === 0n)) return []
    const text = found < 0n ? 'none' : found.toString()
    return [{ lane: laneName(lane), expected: next.toString(), found: text }]
  })
}
