import type { Pool } from 'pg'
import type { StoredEvent } from '../core/envelope.js'
import type { EventReader } from '../core/ports/event-reader.js'
import type { StreamRef } from '../core/stream.js'
import { quoted } from './schemas.js'
import { STORED_EVENT_COLUMNS, storedEventOf, type StoredEventRow } from './stored-event-row.js'

export class PostgresEventReader implements EventReader {
  readonly #pool: Pool
  readonly #store: string

  constructor(pool: Pool, store: string) {
    this.#pool = pool
    this.#store = quoted(store)
  }

  async versions(stream: StreamRef, from: number, to: number): Promise<readonly StoredEvent[]> {
    const { rows } = await this.#pool.query<StoredEventRow>(
      `SELECT ${STORED_EVENT_COLUMNS} FROM ${this.#store}.events e
       WHERE e.stream_type = $1 AND e.stream_id = $2 AND e.version BETWEEN $3 AND $4
       ORDER BY e.version`,
      [stream.type, stream.id, from, to],
    )
    return rows.map(storedEventOf)
  }

  async page(
    streamTypes: readonly string[],
    afterPosition: bigint,
    limit: number,
    upTo?: bigint,
  ): Promise<readonly StoredEvent[]> {
    const { rows } = await this.#pool.query<StoredEventRow>(
      `SELECT ${STORED_EVENT_COLUMNS} FROM ${this.#store}.events e
       WHERE e.position > $1 AND e.position <= $4 AND e.stream_type = ANY($2)
       ORDER BY e.position LIMIT $3`,
      [afterPosition, streamTypes, limit, upTo ?? LAST_POSITION],
    )
    return rows.map(storedEventOf)
  }

  async count(streamTypes: readonly string[], afterPosition?: bigint): Promise<number> {
    const all = `SELECT count(*) AS events FROM ${this.#store}.events WHERE stream_type = ANY($1)`
    const { rows } =
      afterPosition === undefined
        ? await this.#pool.query<{ events: bigint }>(all, [streamTypes])
        : await this.#pool.query<{ events: bigint }>(`${all} AND position > $2`, [streamTypes, afterPosition])
    return Number(rows[0]?.events ?? 0)
  }

  async head(): Promise<bigint> {
    const { rows } = await this.#pool.query<{ position: bigint }>(
      `SELECT coalesce(max(position), 0) AS position FROM ${this.#store}.events`,
    )
    return rows[0]?.position ?? 0n
  }

  async lastPosition(streamTypes: readonly string[]): Promise<bigint> {
    const { rows } = await this.#pool.query<{ position: bigint }>(
      `SELECT position FROM ${this.#store}.events WHERE stream_type = ANY($1) ORDER BY position DESC LIMIT 1`,
      [streamTypes],
    )
    return rows[0]?.position ?? 0n
  }
}

/** The highest one that the column can hold. */
const LAST_POSITION = 2n ** 63n - 1n
