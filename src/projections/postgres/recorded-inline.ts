import type { Pool } from 'pg'
import { InlineProjectionUnknown } from '../../core/errors/index.js'
import { quoted } from '../../postgres/schemas.js'

/**
 * Refuses a build that lacks an inline projection of its aggregates: none of its appends to them would be accepted.
 *
 * @throws {@link InlineProjectionUnknown} with what to do
 */
export async function requireRecordedInline(
  pool: Pool,
  store: string,
  streamTypes: readonly string[],
  known: readonly string[],
): Promise<void> {
  const { rows } = await pool.query<{ type: string; projection: string }>(unknownStatement(store), [
    streamTypes,
    known,
  ])
  if (rows.length === 0) return
  const types = [...new Set(rows.map(({ type }) => type))]
  const projections = [...new Set(rows.map(({ projection }) => projection))].sort()
  const forget = `DELETE FROM ${quoted(store)}.inline_projections WHERE projection IN (${projections
    .map((name) => `'${name}'`)
    .join(', ')})`
  throw new InlineProjectionUnknown(
    types,
    projections,
    `deploy a release that has it; or, if it was taken out on purpose and its rows may stand still, run ${forget}`,
  )
}

/** $1 stream types, $2 names of projections. */
const unknownStatement = (store: string): string => `
SELECT stream_type AS type, projection FROM ${quoted(store)}.inline_projections
WHERE stream_type = ANY($1) AND projection <> ALL($2) ORDER BY stream_type`
