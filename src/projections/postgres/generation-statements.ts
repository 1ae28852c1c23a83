import { quoted } from '../../postgres/schemas.js'

/** The statements on the generations of one projection; $1 is its name throughout. */
export function generationStatements(read: string) {
  const r = quoted(read)
  return {
    /** $1 what to lock. */
    lock: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))',

    tryLock: 'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS locked',

    unlock: 'SELECT pg_advisory_unlock(hashtextextended($1, 0))',

    status: `
SELECT p.live_generation AS live, p.building_generation AS building,
       g.schema_name AS schema, g.declared_version, g.state, g.failure
FROM ${r}.projections p
JOIN ${r}.generations g ON g.projection = p.name AND g.generation = p.live_generation
WHERE p.name = $1`,

    builtAs: `
SELECT shape, declared_version AS version, event_types AS "eventTypes" FROM ${r}.generations
WHERE projection = $1 AND generation = $2`,

    /** Keeps what is live as it is until the transaction ends. */
    lockLive: `SELECT live_generation AS live FROM ${r}.projections WHERE name = $1 FOR UPDATE`,

    register: `INSERT INTO ${r}.projections (name, live_generation) VALUES ($1, 1)`,

    build: `UPDATE ${r}.projections SET building_generation = $2 WHERE name = $1`,

    /** $2 generation, $3 version, $4 event types, $5 shape, $6 schema. */
    create: `
INSERT INTO ${r}.generations (projection, generation, declared_version, event_types, shape, schema_name, state)
VALUES ($1, $2, $3, $4, $5, $6, 'running')`,

    /** $2 generation, $3 topics, $4 their partition counts. Lanes that exist keep their place. */
    addCheckpoints: `
INSERT INTO ${r}.checkpoints (projection, generation, topic, partition, next_offset, epoch)
SELECT $1, $2, t.topic, partition, 0, 0
FROM unnest($3::text[], $4::integer[]) AS t (topic, partitions), generate_series(0, t.partitions - 1) AS partition
ON CONFLICT DO NOTHING`,

    /** $2 generation. In this order: checkpoints refer to generations. */
    forget: [
      `UPDATE ${r}.projections SET building_generation = NULL WHERE name = $1 AND building_generation = $2`,
      `DELETE FROM ${r}.guards WHERE projection = $1 AND generation = $2`,
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

    /** $2 generation. Whoever still feeds it loses its next compare-and-set, and finds out what is live. */
    fence: `UPDATE ${r}.checkpoints SET epoch = epoch + 1, held_until = NULL WHERE projection = $1 AND generation = $2`,

    /** $2 stream. No version: nothing of the stream was applied yet. */
    progress: `
SELECT v.version, CASE WHEN g.state = 'stopped' THEN coalesce(g.failure, 'unknown') END AS failure
FROM ${r}.projections p
JOIN ${r}.generations g ON g.projection = p.name AND g.generation = p.live_generation
LEFT JOIN ${r}.guards v ON v.projection = p.name AND v.generation = p.live_generation AND v.stream = $2
WHERE p.name = $1`,

    /** $2 generation, $3 state, $4 failure. */
    setState: `
UPDATE ${r}.generations SET state = $3, failure = $4 WHERE projection = $1 AND generation = $2`,

    /** $1 schema, $2 names. */
    taken: `
SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = ANY($2) ORDER BY c.relname`,
  }
}
