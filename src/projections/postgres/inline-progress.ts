import type { Pool } from 'pg'
import { quoted } from '../../postgres/schemas.js'
import type { Generations, StreamProgress } from '../generation.js'

/** How far an inline projection is with a stream: as far as the stream itself, once that is committed. */
export class PostgresInlineProgress implements Pick<Generations, 'progressOf'> {
  readonly #pool: Pool
  readonly #sql: string

  constructor(pool: Pool, store: string) {
    this.#pool = pool
    this.#sql = headStatement(store)
  }

  async progressOf(stream: string): Promise<StreamProgress> {
    // Names of aggregates have no hyphen in them.
    const end = stream.indexOf('-')
    const { rows } = await this.#pool.query<{ version: bigint }>({
      name: 'reprise-inline-progress',
      text: this.#sql,
      values: [stream.slice(0, end), stream.slice(end + 1)],
    })
    return { version: Number(rows[0]?.version ?? 0), failure: undefined }
  }
}

/** $1 type, $2 id. */
const headStatement = (store: string): string =>
  `SELECT version FROM ${quoted(store)}.streams WHERE type = $1 AND id = $2`
