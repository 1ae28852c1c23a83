import type { Kysely } from 'kysely'
import type { Contract } from '../../core/contract.js'
import type { Log } from '../../log/index.js'
import { pruneSeenEvents } from '../../subscriptions/postgres/index.js'

export interface SeenEventsOptions {
  readonly db: Kysely<unknown>
  /** The read schema. */
  readonly read: string
  readonly log: Log
  readonly projection: string
  /** Undefined before the first start. */
  readonly live: () => Promise<number | undefined>
  readonly contracts: readonly Contract[]
}

/** Forgets the ids of events that the live generation of a projection need not remember any more. */
export async function forgetSeenEvents(
  { db, read, log, projection, live, contracts }: SeenEventsOptions,
  signal: AbortSignal,
): Promise<void> {
  const generation = await live()
  if (generation === undefined) return
  const subscriber = { name: projection, generation }
  for (const { topic, guard } of contracts) {
    if (typeof guard !== 'object') continue
    // Taken before the checkpoints are looked at: a lane that has come as far has seen all that was there then.
    const offsets = await log.topics.offsets(topic)
    await pruneSeenEvents(db, read, { subscriber, topic, window: guard.eventIds, offsets }, signal)
  }
}
