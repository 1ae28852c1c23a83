import { sql } from 'kysely'
import type { CheckpointMove, CheckpointStore, SubscriberRef } from '../../../src/subscriptions/index.js'
import type { ReadTransaction } from '../../../src/subscriptions/postgres/index.js'

export type Checkpoints = CheckpointStore<ReadTransaction>

/** Does what the other one does, but for the changes. */
export function checkpointsThrough(shipped: Checkpoints, changes: Partial<Checkpoints>): Checkpoints {
  return new Proxy(shipped, {
    get(target, name: keyof Checkpoints) {
      const method: unknown = changes[name] ?? target[name]
      return typeof method === 'function' ? (method.bind(target) as unknown) : method
    },
  })
}

/** Moves a checkpoint whoever has it and wherever it is. */
export async function moveUnchecked(
  tx: ReadTransaction,
  { name, generation }: SubscriberRef,
  { lane, to, lastEventId, lastRecordedAt }: CheckpointMove,
): Promise<void> {
  await sql`
    UPDATE reprise_read.checkpoints
    SET next_offset = ${to}, last_event_id = ${lastEventId}, last_recorded_at = ${lastRecordedAt}, waiting = NULL
    WHERE projection = ${name} AND generation = ${generation} AND topic = ${lane.topic} AND partition = ${lane.partition}
  `.execute(tx)
}
