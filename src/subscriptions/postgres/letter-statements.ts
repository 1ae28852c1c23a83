import { quoted } from '../../postgres/schemas.js'

const COLUMNS = `id, sequence_key, topic, partition, record_offset, record_key, headers, value, record_timestamp, event_id,
  stream, version, type, error_class, error_name, error_message, error_stack, fingerprint, definition, attempts,
  first_failed_at, last_failed_at`

/** $3 ids, $4 fingerprint, $5 event type, $6 key, $7 a definition; null stands for any. */
const SELECTED = `
  ($3::bigint[] IS NULL OR id = ANY($3)) AND ($4::text IS NULL OR fingerprint = $4) AND ($5::text IS NULL OR type = $5)
  AND ($6::text IS NULL OR sequence_key = $6)
  AND ($7::text IS NULL OR (error_class <> 'waiting' AND definition <> $7))`

/** The statements on the letters of one generation; $1 is its projection and $2 its number throughout. */
export function letterStatements(read: string) {
  const r = quoted(read)
  const generation = 'projection = $1 AND generation = $2'
  return {
    count: `
SELECT count(*) AS letters, count(*) FILTER (WHERE error_class <> 'waiting') AS failed,
       count(DISTINCT sequence_key) AS keys
FROM ${r}.parked_events WHERE ${generation}`,

    /** A letter that waits belongs to what holds its key back: the first letter of the key. */
    groups: `
WITH letters AS (
  SELECT id, sequence_key, error_class, first_failed_at, last_failed_at,
         CASE WHEN error_class <> 'waiting' THEN fingerprint
              ELSE first_value(fingerprint) OVER (PARTITION BY sequence_key ORDER BY id) END AS grouped
  FROM ${r}.parked_events WHERE ${generation}
), groups AS (
  SELECT grouped, count(*) FILTER (WHERE error_class <> 'waiting') AS failed,
         count(*) FILTER (WHERE error_class = 'waiting') AS waiting, count(DISTINCT sequence_key) AS keys,
         coalesce(min(id) FILTER (WHERE error_class <> 'waiting'), min(id)) AS example,
         coalesce(min(first_failed_at) FILTER (WHERE error_class <> 'waiting'), min(first_failed_at)) AS first_at,
         coalesce(max(last_failed_at) FILTER (WHERE error_class <> 'waiting'), max(last_failed_at)) AS last_at
  FROM letters GROUP BY grouped
)
SELECT g.grouped AS fingerprint, g.failed, g.waiting, g.keys, g.first_at AS group_first_failed_at,
       g.last_at AS group_last_failed_at, e.id, e.event_id, e.stream, e.version, e.type, e.error_class, e.error_name,
       e.error_message, e.error_stack
FROM groups g JOIN ${r}.parked_events e ON e.id = g.example
ORDER BY g.failed + g.waiting DESC, e.id`,

    /** … $8 after this id, $9 at most so many. */
    letters: `
SELECT ${COLUMNS} FROM ${r}.parked_events
WHERE ${generation} AND ${SELECTED} AND id > $8 ORDER BY id LIMIT $9`,

    /**
     * $3 the name of the error that stands for the end of a process. A letter that is tried is changed first by the
     * transaction of its try: the lock on it lasts as long as that, and no longer than its process. Who only looks must not
     * hide it from others who do.
     */
    deadly: `
SELECT id, sequence_key AS key, definition,
       greatest(0, extract(epoch FROM clock_timestamp() - last_failed_at) * 1000)::float8 AS age
FROM ${r}.parked_events WHERE ${generation} AND error_name = $3 FOR SHARE SKIP LOCKED`,

    /**
     * $8 the name of the error that stands for the end of a process, $9 whether sequences in which none failed are meant as
     * well. A letter without a key is a sequence by itself.
     */
    sequencesOf: `
WITH letters AS (
  SELECT id, sequence_key, fingerprint, error_class, error_name, coalesce(${SELECTED}, false) AS selected
  FROM ${r}.parked_events WHERE ${generation}
)
SELECT sequence_key AS key, min(id) AS first, count(*) AS letters,
       coalesce(array_agg(id ORDER BY id) FILTER (WHERE selected), '{}') AS selected,
       (array_agg(fingerprint ORDER BY id))[1] AS fingerprint, coalesce(bool_or(error_name = $8), false) AS deadly
FROM letters GROUP BY sequence_key, CASE WHEN sequence_key IS NULL THEN id END
HAVING bool_or(selected) OR ($9 AND bool_and(error_class = 'waiting')) ORDER BY first`,

    /** $3 keys. */
    waitingBehind: `
SELECT sequence_key AS key, count(*) AS waiting FROM ${r}.parked_events
WHERE ${generation} AND sequence_key = ANY($3::text[]) AND error_class = 'waiting' GROUP BY sequence_key`,

    /** Keeps what is live as it is: a swap waits for this transaction. */
    isLive: `SELECT live_generation = $2::integer AS live FROM ${r}.projections WHERE name = $1 FOR SHARE`,

    /**
     * Whoever holds a generation for a swap locks all its lanes FOR UPDATE, so that the lock on one of them is enough for
     * this transaction to come before or after that. Batches, which move their lanes, do not wait for it.
     */
    isHeld: `
SELECT coalesce(held_until > clock_timestamp(), false) AS held FROM ${r}.checkpoints
WHERE ${generation} ORDER BY topic, partition LIMIT 1 FOR KEY SHARE`,

    /** $3 key. As who parks does; where the row is missing though there are letters, it is made good. */
    lock: `
INSERT INTO ${r}.parked_sequences AS s (projection, generation, sequence_key) VALUES ($1, $2, $3)
ON CONFLICT (projection, generation, sequence_key) DO UPDATE SET parked_at = s.parked_at`,

    /** $3 key, $4 after this id, $5 at most so many. */
    ofKey: `
SELECT ${COLUMNS} FROM ${r}.parked_events WHERE ${generation} AND sequence_key = $3 AND id > $4 ORDER BY id LIMIT $5`,

    /** $3 id, $4 after this id. Locked, since there is no sequence that could be. */
    alone: `
SELECT ${COLUMNS} FROM ${r}.parked_events WHERE ${generation} AND id = $3 AND id > $4 AND sequence_key IS NULL FOR UPDATE`,

    /** $3 ids. */
    remove: `DELETE FROM ${r}.parked_events WHERE ${generation} AND id = ANY($3::bigint[])`,

    /** $3 id, $4 class, $5 name, $6 message, $7 stack, $8 fingerprint, $9 definition or null. One that waited fails now. */
    fail: `
UPDATE ${r}.parked_events SET
  first_failed_at = CASE WHEN error_class = 'waiting' THEN clock_timestamp() ELSE first_failed_at END,
  last_failed_at = clock_timestamp(), attempts = attempts + 1, error_class = $4, error_name = $5, error_message = $6,
  error_stack = $7, fingerprint = $8, definition = coalesce($9, definition)
WHERE ${generation} AND id = $3`,

    /**
     * $3 id, $4 the name of the error that is taken back, $5 class, $6 name, $7 message, $8 stack, $9 fingerprint,
     * $10 definition, $11 attempts before, $12 and $13 when it failed first and last.
     */
    restore: `
UPDATE ${r}.parked_events SET error_class = $5, error_name = $6, error_message = $7, error_stack = $8, fingerprint = $9,
  definition = $10, attempts = $11, first_failed_at = $12, last_failed_at = $13
WHERE ${generation} AND id = $3 AND error_name = $4 AND attempts = $11 + 1
RETURNING id`,

    /**
     * $3 ids, $4 reason, $5 by whom. What a letter without a key says of its event need not be true: it is known by its
     * place, or a rebuild would leave out the event that it pretends to be.
     */
    discard: `
WITH gone AS (
  DELETE FROM ${r}.parked_events WHERE ${generation} AND id = ANY($3::bigint[]) RETURNING *
), noted AS (
  INSERT INTO ${r}.discards (projection, event_id, reason, discarded_by, letter)
  SELECT projection,
         CASE WHEN sequence_key IS NULL OR event_id IS NULL
              THEN topic || '/' || partition || '@' || record_offset ELSE event_id END,
         $4, $5,
         to_jsonb(gone) || jsonb_build_object('value', translate(encode(value, 'base64'), E'\\n', ''))
  FROM gone ORDER BY id
  ON CONFLICT DO NOTHING
)
SELECT count(*) AS discarded FROM gone`,

    /** $3 key. */
    left: `SELECT count(*) AS left FROM ${r}.parked_events WHERE ${generation} AND sequence_key = $3`,

    /** $3 key. */
    release: `DELETE FROM ${r}.parked_sequences WHERE ${generation} AND sequence_key = $3`,

    /** $1 actor, $2 action, $3 target, $4 reason. */
    audit: `INSERT INTO ${r}.audit_log (actor, action, target, reason) VALUES ($1, $2, $3, $4)`,
  }
}
