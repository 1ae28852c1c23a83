import { appendOrderKey } from '../../postgres/append-order.js'
import { quoted } from '../../postgres/schemas.js'

/**
 * Appends one command that was decided for one stream, in one round trip and one commit. Answers the stream's new
 * version, or no row when the command lost: its id is known, or the stream's head is not where it was decided, or closed.
 *
 *  $1 command id     $2 fingerprint      $3 stream type   $4 stream id
 *  $5 expected version (0 = no stream)   $6 topic         $7 key          $8 slot
 *  $9 event ids      $10 types           $11 schema versions
 * $12 payloads      $13 metadata        $14 occurred at    (one element per event, in version order)
 *
 * `ordered` comes first: both ways to the head are gated by its answer, so that the append's order lock is held before
 * the head is locked, and before a position is drawn. See append-order.ts for who waits for it. Beneath that lock it also
 * looks whether an inline projection reads the stream, and fails the statement where one does: this build does not know
 * it, or it would not append in this way. While the store has none at all, that costs a look at a sequence.
 *
 * The head is the lock among appends. `opened` and `advanced` cannot both win: a row that this statement inserts is not visible to
 * its own UPDATE. A rival that holds the head is waited for, and the condition is then checked against what it left.
 * Positions and outbox ids are drawn only for a winner, in version order, so that ascending ids keep a stream's order.
 */
export const appendStatement = (store: string): string => {
  const s = quoted(store)
  return `
WITH ordered AS MATERIALIZED (
  SELECT CASE WHEN (SELECT last_value FROM ${s}.inline_recorded WHERE lock.taken IS NOT NULL) = 1 THEN true
              ELSE ${s}.require_inline(ARRAY[$3::text], '{}') END AS held
  FROM pg_advisory_xact_lock_shared(${appendOrderKey(store, '$3::text')}) AS lock (taken)
), known AS (
  SELECT FROM ${s}.command_results WHERE command_id = $1::text
), opened AS (
  INSERT INTO ${s}.streams (type, id, version)
  SELECT $3::text, $4::text, cardinality($9::uuid[])
  WHERE (SELECT held FROM ordered) AND $5::bigint = 0 AND NOT EXISTS (SELECT FROM known)
  ON CONFLICT (type, id) DO NOTHING
  RETURNING version
), advanced AS (
  UPDATE ${s}.streams SET version = version + cardinality($9::uuid[])
  WHERE (SELECT held FROM ordered)
    AND type = $3::text AND id = $4::text AND version = $5::bigint AND NOT closed AND NOT EXISTS (SELECT FROM known)
  RETURNING version
), winner AS (
  SELECT version FROM opened UNION ALL SELECT version FROM advanced
), stored AS (
  INSERT INTO ${s}.events
    (stream_type, stream_id, version, event_id, type, schema_version, payload, metadata, occurred_at)
  SELECT $3::text, $4::text, $5::bigint + n, event_id, type, schema_version, payload, metadata, occurred_at
  FROM winner, unnest($9::uuid[], $10::text[], $11::integer[], $12::jsonb[], $13::jsonb[], $14::timestamptz[])
    WITH ORDINALITY AS event (event_id, type, schema_version, payload, metadata, occurred_at, n)
  ORDER BY n
  RETURNING position, version
), queued AS (
  INSERT INTO ${s}.outbox (slot, topic, key, event_position)
  SELECT $8::smallint, $6::text, $7::text, position FROM stored ORDER BY version
), result AS (
  INSERT INTO ${s}.command_results (command_id, fingerprint, stream_type, stream_id, version)
  SELECT $1::text, $2::text, $3::text, $4::text, version FROM winner
)
SELECT version FROM winner`
}
