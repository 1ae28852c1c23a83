import type { Pool } from 'pg'
import { type OutboxTables, readTables } from '../../../outbox/postgres/index.js'
import { quoted } from '../../../postgres/schemas.js'
import { lookAtOutbox, type OutboxLook } from '../../postgres/outbox-look.js'

/** What the read side shows of what is under way. */
export interface ReadLook {
  /** By name. One that was never started is missing. */
  readonly projections: ReadonlyMap<string, ProjectionLook>
  /** Dead letters on their way to their topics. */
  readonly letters: OutboxLook
}

/** What the read side shows of one projection. */
export interface ProjectionLook {
  readonly name: string
  readonly generation: number
  readonly state: 'running' | 'stopped'
  readonly failure: string | null
  /** Dead letters, with what waits behind them, counted up to a bound. */
  readonly parked: number
  /** When the first of these failed for the first time. */
  readonly parkedSince: Date | null
  readonly lanes: readonly LaneLook[]
}

export interface LaneLook {
  readonly topic: string
  readonly partition: number
  readonly next: bigint
  /** Why it waits, where it does. */
  readonly waiting: string | null
  readonly since: Date | null
  /** How often what comes next was tried alone, counted one by one; 0 where it was not. */
  readonly attempts: number
  /** When that began. */
  readonly triedSince: Date | null
}

const MOST_LETTERS = 10_000

export class PostgresReadLook {
  readonly #pool: Pool
  readonly #tables: OutboxTables
  readonly #sql: ReturnType<typeof statements>

  constructor(pool: Pool, read: string) {
    this.#pool = pool
    this.#tables = readTables(read)
    this.#sql = statements(read)
  }

  async take(projections: readonly string[]): Promise<ReadLook> {
    const letters = await lookAtOutbox(this.#pool, this.#tables)
    return { projections: await this.#projections(projections), letters }
  }

  async #projections(projections: readonly string[]): Promise<ReadLook['projections']> {
    const { rows } = await this.#pool.query<LiveRow>(this.#sql.live, [projections])
    const { rows: lanes } = await this.#pool.query<LaneRow>(this.#sql.lanes, [projections])
    return new Map(
      rows.map(({ parked, ...live }) => [
        live.name,
        {
          ...live,
          parked: Number(parked),
          lanes: lanes.filter(({ projection }) => projection === live.name),
        },
      ]),
    )
  }
}

interface LiveRow extends Omit<ProjectionLook, 'lanes' | 'parked'> {
  readonly parked: bigint
}

interface LaneRow extends LaneLook {
  readonly projection: string
}

/** $1 names of projections. The offset of what a lane tries is the next one, or behind it where the topic has gaps. */
const statements = (read: string) => {
  const r = quoted(read)
  return {
    live: `
SELECT p.name, g.generation, g.state, g.failure,
       letters.parked, letters."parkedSince"
FROM ${r}.projections p
JOIN ${r}.generations g ON g.projection = p.name AND g.generation = p.live_generation
CROSS JOIN LATERAL (
  SELECT count(*) AS parked, min(first_failed_at) AS "parkedSince"
  FROM (SELECT first_failed_at FROM ${r}.parked_events l WHERE l.projection = p.name
        AND l.generation = g.generation LIMIT ${MOST_LETTERS}) l
) letters
WHERE p.name = ANY($1)`,

    lanes: `
SELECT c.projection, c.topic, c.partition, c.next_offset AS next, c.waiting, c.waiting_since AS since,
       coalesce(tries.attempts, 0) AS attempts, tries.first_at AS "triedSince"
FROM ${r}.projections p
JOIN ${r}.checkpoints c ON c.projection = p.name AND c.generation = p.live_generation
LEFT JOIN LATERAL (
  SELECT a.attempts, a.first_at FROM ${r}.attempts a
  WHERE a.projection = c.projection AND a.generation = c.generation AND a.topic = c.topic AND a.partition = c.partition
    AND a.record_offset >= c.next_offset AND a.attempts > 0
  ORDER BY a.record_offset LIMIT 1
) tries ON true
WHERE p.name = ANY($1) ORDER BY c.topic, c.partition`,
  }
}
