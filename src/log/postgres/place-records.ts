import type { PoolClient } from 'pg'
import { RepriseError, TopicMissing } from '../../core/errors/index.js'
import { quoted } from '../../postgres/schemas.js'
import type { RecordContent } from '../log-record.js'
import { TopicsUnavailable } from '../topics-unavailable.js'

/** A record's place-to-be: the offset is given out when it is placed. */
export type Placement = Place & (EventPlacement | ContentPlacement)

interface Place {
  readonly topic: string
  readonly partition: number
  /** How many partitions the topic has for whoever chose this one. */
  readonly partitions: number
}

/** Of an event, which the record will point at. */
interface EventPlacement {
  readonly position: bigint
}

/** Of a record that is no event of the store. */
interface ContentPlacement extends RecordContent {
  readonly key: string
}

/** Placements whose events the store does not have. Only a damaged store gets there. */
export class EventsMissing extends Error {
  readonly placements: readonly Placement[]

  constructor(placements: readonly Placement[]) {
    super(`the store has no events for ${placements.length} records`)
    this.placements = placements
  }
}

/**
 * Gives the placements the next offsets of their partitions, in the order given, inside the caller's transaction. Topics
 * that do not exist, or were made anew with other numbers of partitions, are {@link TopicsUnavailable}, events that do not
 * exist {@link EventsMissing}; the transaction must then be rolled back.
 */
export const placeRecords = async (
  client: PoolClient,
  store: string,
  placements: readonly Placement[],
): Promise<void> => {
  const contents = placements.flatMap((it, index) => ('position' in it ? [] : [contentAt(index, it)]))
  const { rows } = await client.query<{ placed: bigint }>({
    ...(contents.length === 0
      ? { name: 'reprise-place', text: placeStatement(store, false) }
      : { name: 'reprise-place-contents', text: placeStatement(store, true) }),
    values: [
      placements.map(({ topic }) => topic),
      placements.map(({ partition }) => partition),
      placements.map((it) => ('position' in it ? it.position : null)),
      placements.map(({ partitions }) => partitions),
      ...(contents.length === 0 ? [] : [JSON.stringify(contents)]),
    ],
  })
  if (Number(rows[0]?.placed ?? 0) < placements.length) await refuse(client, store, placements)
}

/** As the columns of `topic_records` take it from JSON; bytes travel as base64. */
const contentAt = (index: number, { key, headers, value, timestamp }: ContentPlacement) => ({
  n: index + 1,
  record_key: key,
  headers,
  value: value === null ? null : Buffer.from(value).toString('base64'),
  recorded_at: timestamp.toISOString(),
})

const refuse = async (
  client: PoolClient,
  store: string,
  placements: readonly Placement[],
): Promise<never> => {
  const topics = new Map(placements.map(({ topic, partitions }) => [topic, partitions]))
  const { rows: named } = await client.query<{ name: string; partitions: number }>(
    `SELECT name, partitions FROM ${quoted(store)}.topics WHERE name = ANY($1)`,
    [[...topics.keys()]],
  )
  const existing = new Map(named.map(({ name, partitions }) => [name, partitions]))
  const failures = new Map<string, RepriseError>()
  for (const [topic, known] of topics) {
    const found = existing.get(topic)
    if (found === undefined) failures.set(topic, new TopicMissing(topic))
    else if (found !== known) failures.set(topic, madeAnew(topic, known, found))
  }
  if (failures.size > 0) throw new TopicsUnavailable(failures, [])
  const positions = placements.flatMap((it) => ('position' in it ? [it.position] : []))
  const { rows: stored } = await client.query<{ position: bigint }>(
    `SELECT position FROM ${quoted(store)}.events WHERE position = ANY($1::bigint[])`,
    [positions],
  )
  const found = new Set(stored.map(({ position }) => position))
  throw new EventsMissing(placements.filter((it) => 'position' in it && !found.has(it.position)))
}

const madeAnew = (topic: string, known: number, found: number): RepriseError =>
  new RepriseError(
    'REPRISE_LOG_MISMATCH',
    `topic ${topic} was made anew with ${found} partitions and had ${known}: keys would move to other partitions and lose ` +
      `their order; start this process again, and rebuild what reads the topic`,
    { topic, known, found },
  )

/**
 * $1 topics, $2 partitions, $3 event positions, $4 the topics' numbers of partitions, and where there are any, $5 contents
 * as JSON. Partitions are locked in one order, so that two relays cannot deadlock, and stay locked until commit: a reader
 * never sees an offset before a lower one. A record whose event does not exist is not placed: a reader would find a hole
 * there.
 */
const placeStatement = (store: string, withContents: boolean): string => {
  const s = quoted(store)
  return `
WITH incoming AS (
  SELECT t.id AS topic_id, i.partition, i.position, i.n,
         row_number() OVER (PARTITION BY t.id, i.partition ORDER BY i.n) AS nth
  FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::integer[])
    WITH ORDINALITY AS i (topic, partition, position, partitions, n)
  JOIN ${s}.topics t ON t.name = i.topic AND t.partitions = i.partitions
  WHERE ${withContents ? 'i.position IS NULL OR ' : ''}EXISTS (SELECT FROM ${s}.events e WHERE e.position = i.position)
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
  INSERT INTO ${s}.topic_records (topic_id, partition, record_offset, event_position${withContents ? CONTENT_COLUMNS : ''})
  SELECT topic_id, partition, locked.next_offset + nth - 1, position${withContents ? CONTENTS : ''}
  FROM incoming JOIN locked USING (topic_id, partition)
  ${withContents ? JOIN_CONTENTS : ''}
  RETURNING 1
)
SELECT count(*) AS placed FROM placed`
}

const CONTENT_COLUMNS = ', record_key, headers, value, recorded_at'

const CONTENTS = `, c.record_key, c.headers, decode(c.value, 'base64'), c.recorded_at`

const JOIN_CONTENTS = `LEFT JOIN jsonb_to_recordset($5::jsonb)
    AS c (n bigint, record_key text, headers jsonb, value text, recorded_at timestamptz) USING (n)`
