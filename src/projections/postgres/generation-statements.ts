import { quoted } from '../../postgres/schemas.js'

/** The statements on the generations of one projection; $1 is its name throughout. */
export function generationStatements(read: string) {
  const r = quoted(read)
  return {
    /** $1 what to lock. */
    tryLock: 'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS locked',

    unlock: 'SELECT pg_advisory_unlock(hashtextextended($1, 0))',

    /** $2 a build's fingerprint. */
    status: `
SELECT p.live_generation AS live, p.building_generation AS building,
       g.schema_name AS schema, g.declared_version, g.state, g.failure,
       EXISTS (SELECT FROM ${r}.builds b
               WHERE b.projection = p.name AND b.generation = p.live_generation AND b.fingerprint = $2) AS admitted,
       EXISTS (SELECT FROM ${r}.builds b
               WHERE b.projection = p.name AND b.generation = p.building_generation AND b.fingerprint = $2) AS building_is_ours
FROM ${r}.projections p
JOIN ${r}.generations g ON g.projection = p.name AND g.generation = p.live_generation
WHERE p.name = $1`,

    /** Keeps what is live as it is until the transaction ends. */
    lockLive: `SELECT live_generation AS live, level_generation AS level FROM ${r}.projections WHERE name = $1 FOR UPDATE`,

    register: `INSERT INTO ${r}.projections (name, live_generation) VALUES ($1, 1)`,

    build: `UPDATE ${r}.projections SET building_generation = $2 WHERE name = $1`,

    /** Notes a projection that has no live generation yet, and answers the one that an earlier build of it left. */
    registerUnseen: `
INSERT INTO ${r}.projections AS p (name, live_generation) VALUES ($1, 0)
ON CONFLICT (name) DO UPDATE SET live_generation = p.live_generation
RETURNING building_generation AS building`,

    /**
     * $2 generation, $3 version, $4 event types, $5 shape, $6 schema, $7 the aggregates whose appends write it,
     * $8 fingerprint, $9 keying.
     */
    create: `
INSERT INTO ${r}.generations
  (projection, generation, declared_version, event_types, shape, schema_name, inline_types, fingerprint, keying, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'running')`,

    /** $2 generation, $3 log. Nothing is written where one is recorded. */
    claimLog: `
WITH claimed AS (
  UPDATE ${r}.generations SET log_identity = $3
  WHERE projection = $1 AND generation = $2 AND log_identity IS NULL
  RETURNING log_identity
)
SELECT log_identity AS log FROM claimed
UNION ALL
SELECT log_identity FROM ${r}.generations WHERE projection = $1 AND generation = $2 AND log_identity IS NOT NULL`,

    /**
     * $2 generation, $3 topics, $4 their partition counts. A topic that has lanes keeps them as they are, also where it has
     * another number of partitions by now: how many there are tells what it was when the generation began on it.
     */
    addCheckpoints: `
INSERT INTO ${r}.checkpoints (projection, generation, topic, partition, next_offset, epoch)
SELECT $1, $2, t.topic, partition, 0, 0
FROM unnest($3::text[], $4::integer[]) AS t (topic, partitions), generate_series(0, t.partitions - 1) AS partition
WHERE NOT EXISTS (
  SELECT FROM ${r}.checkpoints c WHERE c.projection = $1 AND c.generation = $2 AND c.topic = t.topic
)
ON CONFLICT DO NOTHING`,

    /** $2 generation. In this order: checkpoints refer to generations. What built one that was live is remembered. */
    forget: [
      `DELETE FROM ${r}.builds b USING ${r}.projections p
       WHERE b.projection = $1 AND b.generation = $2 AND p.name = $1 AND p.building_generation = $2`,
      `UPDATE ${r}.projections SET building_generation = NULL WHERE name = $1 AND building_generation = $2`,
      `DELETE FROM ${r}.guards WHERE projection = $1 AND generation = $2`,
      `DELETE FROM ${r}.seen_events WHERE projection = $1 AND generation = $2`,
      `DELETE FROM ${r}.generations WHERE projection = $1 AND generation = $2`,
    ],

    /** $2 generation. */
    older: `SELECT generation FROM ${r}.generations WHERE projection = $1 AND generation < $2 ORDER BY generation`,

    /** $2 generation. Waits for batches under way, since each holds its checkpoint's row. */
    lockLanes: `SELECT FROM ${r}.checkpoints WHERE projection = $1 AND generation = $2 FOR UPDATE`,

    /** $2 generation, $3 milliseconds. No batch moves a lane until the time is over. */
    hold: `
UPDATE ${r}.checkpoints SET held_until = clock_timestamp() + $3::double precision * interval '1 millisecond'
WHERE projection = $1 AND generation = $2
RETURNING topic, partition, next_offset AS next`,

    /** $2 generation, $3 milliseconds. */
    extendHold: `
UPDATE ${r}.checkpoints SET held_until = clock_timestamp() + $3::double precision * interval '1 millisecond'
WHERE projection = $1 AND generation = $2 AND held_until > clock_timestamp()`,

    /** $2 generation, $3 the one that it was held for. */
    letGo: `
UPDATE ${r}.checkpoints SET held_until = NULL
WHERE projection = $1 AND generation = $2 AND EXISTS (
  SELECT FROM ${r}.projections WHERE name = $1 AND building_generation = $3
)`,

    /** $2 the generation that was live, $3 the one that will be. */
    goLive: `
UPDATE ${r}.projections SET live_generation = $3, building_generation = NULL
WHERE name = $1 AND live_generation = $2 AND building_generation = $3
RETURNING 1`,

    /** $2 generation. Locks its lanes: a batch whose hold has just run out waits, and then finds itself fenced. */
    heldLanes: `
SELECT coalesce(held_until > clock_timestamp(), false) AS held FROM ${r}.checkpoints
WHERE projection = $1 AND generation = $2 FOR UPDATE`,

    /** $2 generation. Its lanes are locked: a batch under way may be about to park something. */
    parked: `SELECT count(*) AS letters FROM ${r}.parked_events WHERE projection = $1 AND generation = $2`,

    /** $2 generation. Whoever still feeds it loses its next compare-and-set, and finds out what is live. */
    fence: `UPDATE ${r}.checkpoints SET epoch = epoch + 1, held_until = NULL WHERE projection = $1 AND generation = $2`,

    /** $2 stream. No version: nothing of the stream was applied yet. A letter that holds nothing back is none of its. */
    progress: `
SELECT v.version, CASE WHEN g.state = 'stopped' THEN coalesce(g.failure, 'unknown') END AS failure,
  l.version AS parked_version, l.event_id AS parked_event, l.error_message AS parked_reason
FROM ${r}.projections p
JOIN ${r}.generations g ON g.projection = p.name AND g.generation = p.live_generation
LEFT JOIN ${r}.guards v ON v.projection = p.name AND v.generation = p.live_generation AND v.stream = $2
LEFT JOIN LATERAL (
  SELECT version, event_id, error_message FROM ${r}.parked_events e
  WHERE e.projection = p.name AND e.generation = p.live_generation AND e.stream = $2 AND e.sequence_key IS NOT NULL
  ORDER BY e.version LIMIT 1
) l ON true
WHERE p.name = $1`,

    /** $2 generation, $3 state, $4 failure. */
    setState: `
UPDATE ${r}.generations SET state = $3, failure = $4 WHERE projection = $1 AND generation = $2`,
  }
}
