import type { PoolClient } from 'pg'
import { TopicMissing } from '../../core/errors/index.js'
import { quoted } from '../../postgres/schemas.js'

/** An event's place-to-be: the offset is given out when it is placed. */
export interface Placement {
  readonly topic: string
  readonly partition: number
  readonly position: bigint
}

/**
 * Gives the placements the next offsets of their partitions, in the order given, inside the caller's transaction. A
 * topic that does not exist is a {@link TopicMissing}; the transaction must then be rolled back.
 */
export const placeRecords = async (
  client: PoolClient,
  store: string,
  placements: readonly Placement[],
): Promise<void> => {
  const { rows } = await client.query<{ placed: bigint }>({
    name: 'reprise-place',
    text: placeStatement(store),
    values: [
      placements.map(({ topic }) => topic),
      placements.map(({ partition }) => partition),
      placements.map(({ position }) => position),
    ],
  })
  if (Number(rows[0]?.placed ?? 0) < placements.length) throw await missingAmong(client, store, placements)
}

const missingAmong = async (
  client: PoolClient,
  store: string,
  placements: readonly Placement[],
): Promise<TopicMissing> => {
  const topics = [...new Set(placements.map(({ topic }) => topic))]
  const { rows } = await client.query<{ name: string }>(
    `SELECT name FROM ${quoted(store)}.topics WHERE name = ANY($1)`,
    [topics],
  )
  const found = new Set(rows.map(({ name }) => name))
  return new TopicMissing(topics.find((topic) => !found.has(topic)) ?? topics.join(', '))
}

/**
 * $1 topics, $2 partitions, $3 event positions. Partitions are locked in one order, so that two relays cannot deadlock,
 * and stay locked until commit: a reader never sees an offset before a lower one.
 */
const placeStatement = (store: string): string => {
  const s = quoted(store)
  return `
WITH incoming AS (
  SELECT t.id AS topic_id, i.partition, i.position,
         row_number() OVER (PARTITION BY t.id, i.partition ORDER BY i.n) AS nth
  FROM unnest($1::text[], $2::integer[], $3::bigint[]) WITH ORDINALITY AS i (topic, partition, position, n)
  JOIN ${s}.topics t ON t.name = i.topic
), touched AS (
  SELECT topic_id, partition, count(*) AS records FROM incoming GROUP BY topic_id, partition
), locked AS (
  SELECT p.topic_id, p.partition, p.next_offset, touched.records
  FROM ${s}.topic_partitions p JOIN touched USING (topic_id, partition)
  ORDER BY p.topic_id, p.partition
  FOR UPDATE OF p
), advanced AS (
  UPDATE ${s}.topic_partitions p SET next_offset = locked.next_offset + locked.records
  FROM locked WHERE p.topic_id = locked.topic_id AND p.partition = locked.partition
), placed AS (
  INSERT INTO ${s}.topic_records (topic_id, partition, record_offset, event_position)
  SELECT topic_id, partition, locked.next_offset + nth - 1, position FROM incoming JOIN locked USING (topic_id, partition)
  RETURNING 1
)
SELECT count(*) AS placed FROM placed`
}
