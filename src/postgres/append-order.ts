/**
 * The SQL of the key of an advisory lock: every append to streams of a type holds it, shared, from before its positions
 * are drawn until it commits. Whoever holds it exclusively knows that each event of the type which will ever have a
 * position up to now is committed. `streamType` is an expression of type text; `store` the name of the store's schema.
 */
export const appendOrderKey = (store: string, streamType: string): string =>
  `hashtextextended('${store} append ' || ${streamType}, 0)`

/** Takes the lock exclusively, of one type after the other. $1 stream types, in the order in which appends take them. */
export const lockOutAppendsStatement = (store: string): string => `
SELECT pg_advisory_xact_lock(k.key) FROM (
  SELECT ${appendOrderKey(store, 't.type')} AS key FROM unnest($1::text[]) WITH ORDINALITY AS t (type, n) ORDER BY t.n
) k`
