import type { CommandResult, HeadsAndResult, StreamVersion } from '../../core/ports/event-store.js'
import type { StreamRef } from '../../core/stream.js'
import type { Statement } from '../../postgres/session.js'
import { quoted } from '../../postgres/schemas.js'

/** One for each stream asked for, or a single one when none was. */
export interface HeadRow {
  readonly head: string
  readonly closed: string
  readonly fingerprint: string | null
  readonly stream_type: string | null
  readonly stream_id: string | null
  readonly version: string | null
  readonly others: string | null
}

/** $1 stream types, $2 stream ids, $3 command id. Answers text. */
export const headsStatement = (store: string): Statement => ({
  name: 'reprise-heads-and-result',
  text: `
SELECT coalesce(head.version, 0)::text AS head, coalesce(head.closed, false)::text AS closed,
       r.fingerprint, r.stream_type, r.stream_id, r.version::text AS version, r.others::text AS others
FROM (VALUES (1)) AS one
LEFT JOIN ${quoted(store)}.command_results r ON r.command_id = $3::text
LEFT JOIN unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (type, id, n) ON true
LEFT JOIN ${quoted(store)}.streams head ON head.type = asked.type AND head.id = asked.id
ORDER BY asked.n`,
})

export const headsParameters = (streams: readonly StreamRef[], commandId: string): readonly unknown[] => [
  streams.map(({ type }) => type),
  streams.map(({ id }) => id),
  commandId,
]

export const headsOf = (rows: readonly HeadRow[], streams: readonly StreamRef[]): HeadsAndResult => ({
  heads: rows
    .slice(0, streams.length)
    .map(({ head, closed }) => ({ version: Number(head), closed: closed === 'true' })),
  result: rows[0] && resultOf(rows[0]),
})

const resultOf = (row: HeadRow): CommandResult | undefined => {
  const { fingerprint, stream_type: type, stream_id: id, version, others } = row
  if (fingerprint === null || type === null || id === null) return undefined
  const first = { stream: { type, id }, version: Number(version) }
  return { fingerprint, streams: [first, ...(others === null ? [] : furtherOf(others))] }
}

/** Streams of a command beyond its first, as `command_results.others` keeps them. */
export const othersOf = ([, ...others]: readonly StreamVersion[]): string | null =>
  others.length === 0
    ? null
    : JSON.stringify(others.map(({ stream: { type, id }, version }) => ({ type, id, version })))

const furtherOf = (others: string): readonly StreamVersion[] =>
  (JSON.parse(others) as readonly (StreamRef & { readonly version: number })[]).map(
    ({ type, id, version }) => ({ stream: { type, id }, version }),
  )
