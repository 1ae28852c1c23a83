import type pg from 'pg'
import type { CheckpointFact } from '../facts.js'
import { rowsOf } from '../servers/databases.js'

/** What the read side says of itself in one snapshot. */
export interface ReadSample {
  readonly readTotal: string | null
  readonly lowest: string | null
  readonly letters: Readonly<Record<string, number>>
  readonly checkpoints: readonly (CheckpointFact & { projection: string; generation: number })[]
  /** Versions by stream name, by projection. */
  readonly guards: ReadonlyMap<string, ReadonlyMap<string, number>>
}

export async function sampleReadSide(client: pg.Client, read: string): Promise<ReadSample> {
  const [balances] = await rowsOf<{ readTotal: string | null; lowest: string | null }>(
    client,
    'SELECT sum(balance)::text AS "readTotal", min(balance)::text AS lowest FROM chaos.balances',
  )
  const letters = await rowsOf<{ projection: string; count: number }>(
    client,
    `SELECT projection, count(*)::int4 AS count FROM ${read}.parked_events GROUP BY 1`,
  )
  const checkpoints = await rowsOf<ReadSample['checkpoints'][number]>(
    client,
    `SELECT projection, generation, topic, partition, next_offset::text AS "nextOffset", epoch::text
     FROM ${read}.checkpoints`,
  )
  const guards = await rowsOf<{ projection: string; stream: string; version: number }>(
    client,
    `SELECT g.projection, g.stream, g.version::int4 AS version FROM ${read}.guards g
     JOIN ${read}.projections p ON p.name = g.projection AND p.live_generation = g.generation`,
  )
  const byProjection = new Map<string, Map<string, number>>()
  for (const { projection, stream, version } of guards) {
    const own = byProjection.get(projection) ?? new Map<string, number>()
    byProjection.set(projection, own.set(stream, version))
  }
  return {
    readTotal: balances?.readTotal ?? null,
    lowest: balances?.lowest ?? null,
    letters: Object.fromEntries(letters.map(({ projection, count }) => [projection, count])),
    checkpoints,
    guards: byProjection,
  }
}
