import type { Pool } from 'pg'
import type { StoredEvent } from '../../core/envelope.js'
import { quoted } from '../../postgres/schemas.js'
import { STORED_EVENT_COLUMNS, storedEventOf, type StoredEventRow } from '../../postgres/stored-event-row.js'
import type { EventsByPosition } from '../publish-then-settle.js'

export class PostgresEventsByPosition implements EventsByPosition {
  readonly #pool: Pool
  readonly #statement: string

  constructor(pool: Pool, store: string) {
    this.#pool = pool
    this.#statement = `SELECT ${STORED_EVENT_COLUMNS} FROM ${quoted(store)}.events e WHERE e.position = ANY($1::bigint[])`
  }

  async at(positions: readonly bigint[]): Promise<ReadonlyMap<bigint, StoredEvent>> {
    const { rows } = await this.#pool.query<StoredEventRow>({
      name: 'reprise-events-at',
      text: this.#statement,
      values: [positions],
    })
    return new Map(rows.map((row) => [row.position, storedEventOf(row)]))
  }
}
