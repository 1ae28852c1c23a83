import { CompiledQuery, type Kysely } from 'kysely'
import { quoted } from '../../postgres/schemas.js'
import type { LaneProgress, LiveProgress, ReadProgress } from '../freshness.js'

export class PostgresReadProgress implements ReadProgress {
  readonly #db: Kysely<unknown>
  readonly #lanes: string

  constructor(db: Kysely<unknown>, read: string) {
    this.#db = db
    this.#lanes = lanesStatement(read)
  }

  async now(): Promise<Date> {
    const { rows } = await this.#db.executeQuery<{ now: Date }>(CompiledQuery.raw('SELECT now() AS now'))
    return rows[0]?.now ?? new Date(0)
  }

  async of(projection: string): Promise<LiveProgress> {
    const { rows } = await this.#db.executeQuery<LaneRow>(CompiledQuery.raw(this.#lanes, [projection]))
    const lanes = rows.map(({ topic, partition, next, last_recorded_at: last }): LaneProgress => ({
      topic,
      partition,
      next,
      lastRecordedAt: last ?? undefined,
    }))
    return { running: rows.every(({ running }) => running), parked: Number(rows[0]?.parked ?? 0), lanes }
  }
}

interface LaneRow {
  readonly running: boolean
  readonly parked: bigint
  readonly topic: string
  readonly partition: number
  readonly next: bigint
  readonly last_recorded_at: Date | null
}

/** $1 projection. The live generation alone: another one that goes live meanwhile is as far as this one. */
const lanesStatement = (read: string): string => {
  const r = quoted(read)
  return `
SELECT g.state = 'running' AS running, c.topic, c.partition, c.next_offset AS next, c.last_recorded_at,
  (SELECT count(*) FROM ${r}.parked_events l
   WHERE l.projection = p.name AND l.generation = p.live_generation AND l.sequence_key IS NOT NULL) AS parked
FROM ${r}.projections p
JOIN ${r}.generations g ON g.projection = p.name AND g.generation = p.live_generation
JOIN ${r}.checkpoints c ON c.projection = p.name AND c.generation = p.live_generation
WHERE p.name = $1`
}
