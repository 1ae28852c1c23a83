import { CompiledQuery, type Kysely } from 'kysely'
import type { PartitionOffsets } from '../../log/index.js'
import { quoted } from '../../postgres/schemas.js'
import type { SubscriberRef } from '../checkpoint-store.js'

export interface PruneSeenEvents {
  readonly subscriber: SubscriberRef
  readonly topic: string
  /** Milliseconds that ids are remembered for. */
  readonly window: number
  /** Where the partitions of the topic end now. */
  readonly offsets: readonly PartitionOffsets[]
}

/** Ids per statement: each holds its locks for some milliseconds only. */
const PORTION = 5_000

/** Milliseconds by which the next record of a lane that has reached its end may be older than now. */
const DELAY_ALLOWED = 300_000

/**
 * Forgets, in portions, the ids that no record to come can repeat within the window: by the time that every lane has come
 * to, and only when the window is over since the id was noted as well. Answers how many.
 */
export async function pruneSeenEvents(
  db: Kysely<unknown>,
  read: string,
  { subscriber: { name, generation }, topic, window, offsets }: PruneSeenEvents,
  signal: AbortSignal,
): Promise<number> {
  const sql = pruneStatement(read)
  const partitions = offsets.map(({ partition }) => partition)
  const ends = offsets.map(({ end }) => end)
  let pruned = 0
  while (!signal.aborted) {
    const parameters = [name, generation, topic, window, partitions, ends, DELAY_ALLOWED, PORTION]
    const { rows } = await db.executeQuery(CompiledQuery.raw(sql, parameters))
    pruned += rows.length
    if (rows.length < PORTION) break
  }
  return pruned
}

/**
 * $1 projection, $2 generation, $3 topic, $4 window, $5 partitions, $6 their ends, $7 allowed delay, $8 portion; times in
 * milliseconds. A lane that has read nothing yet keeps everything, as does one that the projection does not know.
 */
function pruneStatement(read: string): string {
  const r = quoted(read)
  return `
WITH horizon AS (
  SELECT min(CASE WHEN c.next_offset >= e.end_offset
                  THEN greatest(c.last_recorded_at, clock_timestamp() - $7::double precision * interval '1 millisecond')
                  ELSE coalesce(c.last_recorded_at, '-infinity') END)
         - $4::double precision * interval '1 millisecond' AS at
  FROM unnest($5::integer[], $6::bigint[]) AS e (partition, end_offset)
  LEFT JOIN ${r}.checkpoints c
    ON c.projection = $1 AND c.generation = $2 AND c.topic = $3 AND c.partition = e.partition
), portion AS (
  SELECT event_id FROM ${r}.seen_events, horizon
  WHERE projection = $1 AND generation = $2 AND topic = $3 AND seen_at < horizon.at
    AND noted_at < clock_timestamp() - $4::double precision * interval '1 millisecond'
  LIMIT $8
  FOR UPDATE OF seen_events SKIP LOCKED
)
DELETE FROM ${r}.seen_events s USING portion
WHERE s.projection = $1 AND s.generation = $2 AND s.topic = $3 AND s.event_id = portion.event_id
RETURNING 1`
}
