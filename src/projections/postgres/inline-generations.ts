import { CompiledQuery, type Kysely, type Transaction } from 'kysely'
import type { StoredEvent } from '../../core/envelope.js'
import { RebuildRefused } from '../../core/errors/index.js'
import { lockOutAppendsStatement } from '../../postgres/append-order.js'
import { quoted } from '../../postgres/schemas.js'
import { STORED_EVENT_COLUMNS, storedEventOf, type StoredEventRow } from '../../postgres/stored-event-row.js'
import type { Generation } from '../generation.js'
import type { AppliedUpTo, InlineGenerations, LevelOutcome } from '../inline-generations.js'
import { showFirst } from './first-views.js'
import { unlessBlocked } from './unless-blocked.js'

export interface PostgresInlineGenerationsOptions {
  readonly db: Kysely<unknown>
  readonly read: string
  readonly store: string
  readonly app: string
  /** The projection's name. */
  readonly projection: string
  /** The aggregates, by name, whose appends write it. */
  readonly streamTypes: readonly string[]
}

/**
 * Changes what appends write while it holds their order lock exclusively. Whoever appends later looks beneath the lock,
 * and so sees the change; whoever appended before is over, and has committed or not.
 */
export class PostgresInlineGenerations implements InlineGenerations<Transaction<unknown>> {
  readonly #options: PostgresInlineGenerationsOptions
  readonly #sql: ReturnType<typeof statements>

  constructor(options: PostgresInlineGenerationsOptions) {
    this.#options = options
    this.#sql = statements(options.read, options.store)
  }

  async level(
    building: Generation,
    { position, most }: AppliedUpTo,
    patience: number,
    apply: (tx: Transaction<unknown>, events: readonly StoredEvent[]) => Promise<void>,
  ): Promise<LevelOutcome> {
    const { streamTypes } = this.#options
    const outcome = await this.#withoutAppends(patience, async (tx): Promise<LevelOutcome> => {
      // On this connection: the others of its process may all be held by appends that wait.
      const rows = await this.#run<StoredEventRow>(tx, this.#sql.rest, [streamTypes, position, most + 1])
      const events = rows.slice(0, most).map(storedEventOf)
      await apply(tx, events)
      // Beneath the lock nothing is under way that could still be committed before these.
      if (rows.length > most) return { outcome: 'behind', position: events.at(-1)?.position ?? position }
      await this.#joinLive(tx, building)
      return { outcome: 'level' }
    })
    return outcome === 'blocked' ? { outcome } : outcome
  }

  async leaveLevel(patience: number): Promise<'left' | 'blocked'> {
    const { db, projection } = this.#options
    const leaving = await this.#run(db, this.#sql.leaveLevel, [projection])
    if (leaving.length === 0) return 'left'
    return this.#withoutAppends(patience, async (tx) => {
      await this.#run(tx, this.#sql.left, [projection])
      return 'left' as const
    })
  }

  async isRecorded(): Promise<boolean> {
    const { db, projection, streamTypes } = this.#options
    const rows = await this.#run<{ type: string }>(db, this.#sql.recorded, [projection])
    return streamTypes.every((type) => rows.some((row) => row.type === type))
  }

  async #joinLive(tx: Transaction<unknown>, building: Generation): Promise<void> {
    const { app, projection, streamTypes } = this.#options
    const { generation } = building
    const [row] = await this.#run<{ live: number }>(tx, this.#sql.level, [projection, generation])
    if (row === undefined)
      throw new RebuildRefused(projection, `generation ${generation} is not being built any more`)
    // Before what it tells of: an append that waits for the lock must not find it out too late.
    await this.#run(tx, this.#sql.announce, [])
    await this.#run(tx, this.#sql.record, [projection, streamTypes])
    if (row.live > 0) return
    await this.#run(tx, this.#sql.goLiveFirst, [projection, generation])
    await showFirst(tx, app, building)
  }

  #withoutAppends<T>(
    patience: number,
    work: (tx: Transaction<unknown>) => Promise<T>,
  ): Promise<T | 'blocked'> {
    const types = [...this.#options.streamTypes].sort()
    // The time-out is one of each lock.
    const ofEach = patience / Math.max(1, types.length)
    // Whatever the server's default: what was committed while it waited must be seen.
    const transaction = this.#options.db.transaction().setIsolationLevel('read committed')
    return unlessBlocked(transaction, ofEach, async (tx) => {
      await this.#run(tx, this.#sql.lockOutAppends, [types])
      return work(tx)
    })
  }

  async #run<Row>(db: Kysely<unknown>, sql: string, values: readonly unknown[]): Promise<readonly Row[]> {
    return (await db.executeQuery<Row>(CompiledQuery.raw(sql, [...values]))).rows
  }
}

/** $1 is the projection's name throughout, but for the events. */
const statements = (read: string, store: string) => {
  const [r, s] = [quoted(read), quoted(store)]
  return {
    lockOutAppends: lockOutAppendsStatement(store),

    /** $1 stream types, $2 position to start after, $3 how many at the most. */
    rest: `
SELECT ${STORED_EVENT_COLUMNS} FROM ${s}.events e
WHERE e.stream_type = ANY($1) AND e.position > $2 ORDER BY e.position LIMIT $3`,

    /** $2 generation. */
    level: `
UPDATE ${r}.projections SET level_generation = $2 WHERE name = $1 AND building_generation = $2
RETURNING live_generation AS live`,

    /** $2 generation. */
    goLiveFirst: `
UPDATE ${r}.projections SET live_generation = $2, building_generation = NULL WHERE name = $1 AND live_generation = 0`,

    /** 0 is no generation: nothing writes one any more, but appends that looked before may be under way. */
    leaveLevel: `
UPDATE ${r}.projections SET level_generation = 0 WHERE name = $1 AND level_generation <> live_generation
RETURNING 1`,

    left: `UPDATE ${r}.projections SET level_generation = NULL WHERE name = $1 AND level_generation = 0`,

    announce: `SELECT setval('${s}.inline_recorded', 2)`,

    /** $2 stream types. */
    record: `
INSERT INTO ${s}.inline_projections (stream_type, projection)
SELECT type, $1 FROM unnest($2::text[]) AS t (type) ON CONFLICT DO NOTHING`,

    recorded: `SELECT stream_type AS type FROM ${s}.inline_projections WHERE projection = $1`,
  }
}
