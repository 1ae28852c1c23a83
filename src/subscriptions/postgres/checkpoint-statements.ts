import { quoted } from '../../postgres/schemas.js'

/** The SQL of checkpoints, guards and counted tries in a read schema. */
export const checkpointStatements = (read: string) => {
  const r = quoted(read)
  const lane = 'projection = $1 AND generation = $2 AND topic = $3 AND partition = $4'
  const hasLetters = `EXISTS (SELECT FROM ${r}.parked_sequences p WHERE p.projection = $1 AND p.generation = $2) AS has_sequences,
  EXISTS (SELECT FROM ${r}.discards d WHERE d.projection = $1) AS has_discards`
  return {
    /**
     * $1 projection, $2 generation, $3 topic, $4 partition. Counts how often in a row the lane was taken at one offset
     * by owners that neither moved it nor gave it back.
     */
    take: `
UPDATE ${r}.checkpoints SET epoch = epoch + 1, taken_offset = next_offset,
  takes = CASE WHEN taken_offset = next_offset THEN takes + 1 ELSE 1 END
WHERE ${lane}
RETURNING next_offset AS next, epoch, last_event_id, takes, EXISTS (
  SELECT FROM ${r}.attempts a
  WHERE a.projection = $1 AND a.generation = $2 AND a.topic = $3 AND a.partition = $4 AND a.record_offset = next_offset
    AND a.attempts > 0
) AS tried`,

    /** … $5 epoch. */
    giveBack: `UPDATE ${r}.checkpoints SET takes = 0 WHERE ${lane} AND epoch = $5 AND takes <> 0`,

    /** … $5 offset. */
    countAttempt: `
INSERT INTO ${r}.attempts AS a (projection, generation, topic, partition, record_offset, attempts)
VALUES ($1, $2, $3, $4, $5, 1)
ON CONFLICT (projection, generation, topic, partition, record_offset) DO UPDATE SET attempts = a.attempts + 1
RETURNING attempts, first_at`,

    /** … $5 offset. */
    takeBackAttempt: `UPDATE ${r}.attempts SET attempts = attempts - 1 WHERE ${lane} AND record_offset = $5`,

    /** … $5 the offset after what was settled. */
    forgetAttempts: `DELETE FROM ${r}.attempts WHERE ${lane} AND record_offset < $5`,

    /** $1 projection, $2 generation, $3 limit, $4 topics, $5 how many records back in the letter's lane, or null. */
    failedKeys: `
SELECT DISTINCT coalesce(sequence_key, topic || '/' || partition || '@' || record_offset) AS key
FROM ${r}.parked_events p
WHERE projection = $1 AND generation = $2 AND error_class <> 'waiting'
  AND (sequence_key IS NOT NULL OR topic = ANY($4::text[]))
  AND ($5::bigint IS NULL OR record_offset >= (
    SELECT next_offset - $5::bigint FROM ${r}.checkpoints c
    WHERE c.projection = $1 AND c.generation = $2 AND c.topic = p.topic AND c.partition = p.partition))
LIMIT $3`,

    /** $1 projection, $2 generation. */
    letters: `
SELECT count(*) AS letters, (array_agg(error_message ORDER BY id) FILTER (WHERE error_class <> 'waiting'))[1] AS first
FROM ${r}.parked_events WHERE projection = $1 AND generation = $2`,

    /** $1 projection, $2 generation, $3 a definition or null. No row: the generation is neither live nor being built for it. */
    isFed: `
SELECT FROM ${r}.projections WHERE name = $1 AND $2::integer IN (live_generation, building_generation)
  AND ($3::text IS NULL OR EXISTS (
    SELECT FROM ${r}.builds b WHERE b.projection = $1 AND b.generation = $2::integer AND b.fingerprint = $3))`,

    /**
     * … $5 epoch, $6 expected next offset, $7 new next offset, $8 the event before that and $9 when it was recorded, both
     * null where there is none but the one before, $10
     * whether what comes next is suspected: then it counts as taken there, so that whoever has to take it after this owner
     * died suspects it, too. The row lock orders this batch against a swap that holds or fences the lane: whoever comes
     * second sees what the first one left. What it answers about letters costs a healthy generation two looks into empty
     * indexes.
     */
    advance: `
UPDATE ${r}.checkpoints
SET next_offset = $7, last_event_id = coalesce($8, last_event_id), last_recorded_at = coalesce($9, last_recorded_at),
  waiting = NULL, waiting_since = NULL,
  taken_offset = CASE WHEN $10::boolean THEN $7 ELSE taken_offset END, takes = CASE WHEN $10 THEN 1 ELSE takes END
WHERE ${lane} AND epoch = $5 AND next_offset = $6 AND (held_until IS NULL OR held_until < clock_timestamp())
RETURNING ${hasLetters}`,

    /** $1 projection, $2 generation. */
    hasLetters: `SELECT ${hasLetters}`,

    /** … $5 epoch, $6 why. */
    wait: `
UPDATE ${r}.checkpoints SET waiting = $6, waiting_since = coalesce(waiting_since, clock_timestamp())
WHERE ${lane} AND epoch = $5`,

    waiting: `
SELECT topic, partition, waiting AS reason, waiting_since AS since FROM ${r}.checkpoints
WHERE projection = $1 AND generation = $2 AND waiting IS NOT NULL ORDER BY topic, partition`,

    stillOurs: `SELECT FROM ${r}.checkpoints WHERE ${lane} AND epoch = $5 AND next_offset = $6`,

    /** $3 topics, $4 partitions, $5 offsets. */
    begin: `
UPDATE ${r}.checkpoints c SET next_offset = b.next_offset
FROM unnest($3::text[], $4::integer[], $5::bigint[]) AS b (topic, partition, next_offset)
WHERE c.projection = $1 AND c.generation = $2 AND c.topic = b.topic AND c.partition = b.partition`,

    positions: `
SELECT topic, partition, next_offset AS next FROM ${r}.checkpoints
WHERE projection = $1 AND generation = $2 ORDER BY topic, partition`,

    /** $2 generation, $3 the one that may be further. */
    behind: `
SELECT further.stream, further.version, coalesce(own.version, 0) AS applied
FROM ${r}.guards further
LEFT JOIN ${r}.guards own ON own.projection = $1 AND own.generation = $2 AND own.stream = further.stream
WHERE further.projection = $1 AND further.generation = $3 AND further.version > coalesce(own.version, 0)
LIMIT 1`,

    versions: `SELECT stream, version FROM ${r}.guards WHERE projection = $1 AND generation = $2 AND stream = ANY($3)`,

    /** $3 streams, $4 versions. In stream order, so that two lanes that met on streams could not deadlock. */
    guard: `
INSERT INTO ${r}.guards (projection, generation, stream, version)
SELECT $1, $2, stream, version FROM unnest($3::text[], $4::bigint[]) AS g (stream, version) ORDER BY stream
ON CONFLICT (projection, generation, stream) DO UPDATE SET version = excluded.version`,
  }
}
