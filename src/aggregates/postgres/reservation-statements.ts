import type { Statement } from '../../postgres/session.js'
import { quoted } from '../../postgres/schemas.js'

/**
 * Locks the rows of values, in the order given; one that is not there is made for the stream that is to have it at the
 * end, and answered. A rival that made or removed a row and is not committed yet is waited for.
 *
 * $1 scopes  $2 values  $3 stream types  $4 stream ids   (each value once)
 */
export const lockValuesStatement = (store: string): Statement => ({
  name: 'reprise-lock-values',
  text: `
INSERT INTO ${quoted(store)}.reservations (scope, value, stream_type, stream_id)
SELECT scope, value, stream_type, stream_id
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY
  AS wanted (scope, value, stream_type, stream_id, n)
ORDER BY n
ON CONFLICT (scope, value) DO UPDATE SET scope = reservations.scope WHERE false
RETURNING scope, value`,
})

/** Who has the values, of which the rows are locked. $1 scopes, $2 values. */
export const holdersStatement = (store: string): Statement => ({
  name: 'reprise-holders',
  text: `
SELECT r.scope, r.value, r.stream_type, r.stream_id
FROM unnest($1::text[], $2::text[]) AS asked (scope, value)
JOIN ${quoted(store)}.reservations r ON r.scope = asked.scope AND r.value = asked.value`,
})

/** Hands values over. $1 scopes, $2 values, $3 stream types, $4 stream ids. */
export const handOverValuesStatement = (store: string): Statement => ({
  name: 'reprise-hand-over-values',
  text: `
UPDATE ${quoted(store)}.reservations r SET stream_type = next.stream_type, stream_id = next.stream_id
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS next (scope, value, stream_type, stream_id)
WHERE r.scope = next.scope AND r.value = next.value`,
})

/** Makes values free. $1 scopes, $2 values. */
export const freeValuesStatement = (store: string): Statement => ({
  name: 'reprise-free-values',
  text: `
DELETE FROM ${quoted(store)}.reservations r USING unnest($1::text[], $2::text[]) AS freed (scope, value)
WHERE r.scope = freed.scope AND r.value = freed.value`,
})
