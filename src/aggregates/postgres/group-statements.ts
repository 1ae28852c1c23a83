import { appendOrderKey } from '../../postgres/append-order.js'
import type { Statement } from '../../postgres/session.js'
import { quoted } from '../../postgres/schemas.js'
import { STORED_EVENT_COLUMNS_AS_TEXT } from '../../postgres/stored-event-row.js'

/**
 * Takes the append's order lock for each type, then locks the heads, each in the order given; a head that is not there is
 * made at version 0, and answered. A head made by an append that is not committed yet is waited for.
 *
 * $1 the types, each once and in one order for everybody
 * $2 types of the heads  $3 ids of the heads, each head once
 *
 * The condition of the update is never met, but the row is locked by then: nothing is written where there is a head.
 */
export const lockHeadsStatement = (store: string): Statement => ({
  name: 'reprise-lock-heads',
  text: `
WITH ordered AS MATERIALIZED (
  SELECT count(*) AS locks FROM unnest($1::text[]) AS append (type),
    pg_advisory_xact_lock_shared(${appendOrderKey(store, 'append.type')})
)
INSERT INTO ${quoted(store)}.streams (type, id, version)
SELECT type, id, 0 FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS head (type, id, n)
WHERE (SELECT locks FROM ordered) > 0
ORDER BY n
ON CONFLICT (type, id) DO UPDATE SET version = streams.version WHERE false
RETURNING type, id`,
})

/** Removes heads that were made only to be locked. $1 types, $2 ids. */
export const forgetHeadsStatement = (store: string): Statement => ({
  name: 'reprise-forget-heads',
  text: `
DELETE FROM ${quoted(store)}.streams s USING unnest($1::text[], $2::text[]) AS made (type, id)
WHERE s.type = made.type AND s.id = made.id`,
})

const EVENT_COLUMNS =
  'stream_type, stream_id, version, event_id, type, schema_version, payload, metadata, occurred_at'

/**
 * Events as they will be stored, all recorded now; only their positions are not known yet.
 *
 * $1 stream types    $2 stream ids      $3 versions         $4 event ids        $5 types
 * $6 schema versions $7 payloads        $8 metadata         $9 occurred at      (one element per event, in order)
 */
export const asStoredStatement = (): Statement => ({
  name: 'reprise-as-stored',
  text: `
SELECT ${STORED_EVENT_COLUMNS_AS_TEXT} FROM (
  SELECT 0 AS position, ${EVENT_COLUMNS}, (SELECT clock_timestamp()::timestamptz(3)) AS recorded_at, n
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::uuid[], $5::text[], $6::integer[], $7::jsonb[], $8::jsonb[],
              $9::timestamptz(3)[])
    WITH ORDINALITY AS event (${EVENT_COLUMNS}, n)
) e ORDER BY n`,
})

/**
 * Appends one decided command to several streams whose heads are locked and as expected.
 *
 *  $1 command id      $2 fingerprint     $3 its further streams as JSON
 *  $4 types           $5 ids             $6 new versions     $7 whether closed by this
 *  $8 topics          $9 keys           $10 slots            (one element per stream, in the order of the commands)
 * $11 stream types   $12 stream ids     $13 versions        $14 event ids       $15 types
 * $16 schema versions $17 payloads      $18 metadata        $19 occurred at      (one element per event, likewise)
 * $20 inline projections that this build has: fails where another one reads these streams
 * $21 recorded at, for all events; null: the time of each
 */
export const appendGroupStatement = (store: string): Statement => {
  const s = quoted(store)
  return {
    name: 'reprise-append-group',
    text: `
WITH target AS MATERIALIZED (
  SELECT * FROM unnest($4::text[], $5::text[], $6::bigint[], $7::boolean[], $8::text[], $9::text[], $10::smallint[])
    WITH ORDINALITY AS target (type, id, version, closes, topic, key, slot, n)
  WHERE (SELECT CASE WHEN last_value = 1 THEN true ELSE ${s}.require_inline($4::text[], $20::text[]) END
         FROM ${s}.inline_recorded)
), advanced AS (
  UPDATE ${s}.streams s SET version = target.version, closed = target.closes
  FROM target WHERE s.type = target.type AND s.id = target.id
), stored AS (
  INSERT INTO ${s}.events (${EVENT_COLUMNS}, recorded_at)
  SELECT ${EVENT_COLUMNS}, coalesce($21::timestamptz, clock_timestamp())
  FROM unnest($11::text[], $12::text[], $13::bigint[], $14::uuid[], $15::text[], $16::integer[], $17::jsonb[],
              $18::jsonb[], $19::timestamptz[])
    WITH ORDINALITY AS event (${EVENT_COLUMNS}, n)
  ORDER BY n
  RETURNING position, stream_type, stream_id
), queued AS (
  INSERT INTO ${s}.outbox (slot, topic, key, event_position)
  SELECT target.slot, target.topic, target.key, stored.position
  FROM stored JOIN target ON target.type = stored.stream_type AND target.id = stored.stream_id
  ORDER BY stored.position
), result AS (
  INSERT INTO ${s}.command_results (command_id, fingerprint, stream_type, stream_id, version, others)
  SELECT $1::text, $2::text, type, id, version, $3::jsonb FROM target WHERE n = 1
)
SELECT count(*) AS events FROM stored`,
  }
}
