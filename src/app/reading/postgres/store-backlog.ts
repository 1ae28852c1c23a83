import type { Pool } from 'pg'
import { quoted } from '../../../postgres/schemas.js'
import type { Backlog, StoreBacklog } from '../../../projections/freshness.js'

export class PostgresStoreBacklog implements StoreBacklog {
  readonly #pool: Pool
  readonly #sql: ReturnType<typeof statements>

  constructor(pool: Pool, store: string) {
    this.#pool = pool
    this.#sql = statements(store)
  }

  unpublished(topics: readonly string[]): Promise<Backlog> {
    return this.#ask('reprise-unpublished', this.#sql.unpublished, [topics])
  }

  storedFrom(streamTypes: readonly string[], position: bigint): Promise<Backlog> {
    return this.#ask('reprise-stored-from', this.#sql.storedFrom, [streamTypes, position])
  }

  async #ask(name: string, text: string, values: unknown[]): Promise<Backlog> {
    const { rows } = await this.#pool.query<BacklogRow>({ name, text, values })
    const [row] = rows
    if (row === undefined) throw new Error('a statement without a table gave no row')
    return { now: row.now, events: Number(row.events), oldest: row.oldest ?? undefined }
  }
}

interface BacklogRow {
  readonly now: Date
  readonly events: bigint
  readonly oldest: Date | null
}

/** now() is when the transaction began, before its snapshot was taken; every other clock may be read after that. */
const statements = (store: string) => {
  const s = quoted(store)
  return {
    /**
     * $1 topics. Ids of the outbox are drawn after the time of recording is taken: whatever was committed before the event
     * of the lowest id was recorded has a lower one.
     */
    unpublished: `
SELECT now() AS now,
       (SELECT count(*) FROM ${s}.outbox WHERE topic = ANY($1)) AS events,
       (SELECT e.recorded_at FROM ${s}.outbox o JOIN ${s}.events e ON e.position = o.event_position
        WHERE o.topic = ANY($1) ORDER BY o.id LIMIT 1) AS oldest`,

    /** $1 stream types, $2 position. Reads the store on from there, so that the minimum costs no more than the count. */
    storedFrom: `
SELECT now() AS now, count(*) AS events, min(recorded_at) AS oldest FROM ${s}.events
WHERE stream_type = ANY($1) AND position >= $2`,
  }
}
