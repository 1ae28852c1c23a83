import type { Pool } from 'pg'
import { appendOrderKey } from '../../../postgres/append-order.js'
import { type OutboxTables, storeTables } from '../../../outbox/postgres/index.js'
import { quoted } from '../../../postgres/schemas.js'
import { lookAtOutbox, MOST_COUNTED, type OutboxLook } from '../../postgres/outbox-look.js'

/** What the store shows of what is under way. */
export interface StoreLook {
  readonly outbox: OutboxLook
  /** Of the Postgres log. */
  readonly ends: readonly PartitionEnd[]
  readonly openAppends: readonly OpenAppend[]
}

export interface PartitionEnd {
  readonly topic: string
  readonly partition: number
  readonly earliest: bigint
  readonly end: bigint
}

/** A transaction that has appended and is not over. */
export interface OpenAppend {
  readonly streamType: string
  readonly pid: number
  readonly application: string
  readonly user: string
  readonly ageMs: number | null
}

/** Appends take milliseconds. What is older is a caller's transaction. */
const OPEN_FOR = '1 second'

export class PostgresStoreLook {
  readonly #pool: Pool
  readonly #tables: OutboxTables
  readonly #sql: ReturnType<typeof statements>

  constructor(pool: Pool, store: string) {
    this.#pool = pool
    this.#tables = storeTables(store)
    this.#sql = statements(store)
  }

  /** `ordered` are the stream types whose events are read in the order of the store. */
  async take(topics: readonly string[], ordered: readonly string[]): Promise<StoreLook> {
    const outbox = await lookAtOutbox(this.#pool, this.#tables)
    const { rows: ends } = await this.#pool.query<PartitionEnd>(this.#sql.ends, [topics])
    return { outbox, ends, openAppends: ordered.length === 0 ? [] : await this.#openAppends(ordered) }
  }

  /** Events of these types from a position on, among the next {@link MOST_COUNTED}. */
  async eventsFrom(streamTypes: readonly string[], position: bigint): Promise<number> {
    const { rows } = await this.#pool.query<{ events: bigint }>(this.#sql.eventsFrom, [streamTypes, position])
    return Number(rows[0]?.events ?? 0n)
  }

  async #openAppends(ordered: readonly string[]): Promise<readonly OpenAppend[]> {
    return (await this.#pool.query<OpenAppend>(this.#sql.openAppends, [ordered])).rows
  }
}

const statements = (store: string) => {
  const s = quoted(store)
  return {
    /** $1 topics. */
    ends: `
SELECT t.name AS topic, p.partition, p.earliest, p.next_offset AS "end"
FROM ${s}.topics t JOIN ${s}.topic_partitions p ON p.topic_id = t.id
WHERE t.name = ANY($1)`,

    /** $1 stream types, $2 position. Events of other types may have come by the million since. */
    eventsFrom: `
SELECT count(*) FILTER (WHERE stream_type = ANY($1)) AS events FROM (
  SELECT stream_type FROM ${s}.events WHERE position >= $2 ORDER BY position LIMIT ${MOST_COUNTED}) e`,

    /** $1 stream types. A key of 64 bits is listed as two numbers of 32. A prepared transaction has no session. */
    openAppends: `
SELECT t.type AS "streamType", coalesce(l.pid, 0) AS pid,
       coalesce(a.application_name, '') AS application, coalesce(a.usename::text, '') AS "user",
       (extract(epoch FROM clock_timestamp() - a.xact_start) * 1000)::double precision AS "ageMs"
FROM unnest($1::text[]) AS t (type)
JOIN pg_locks l ON ((l.classid::bigint << 32) | l.objid::bigint) = ${appendOrderKey(store, 't.type')}
LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.mode = 'ShareLock' AND l.granted
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (a.xact_start IS NULL OR a.xact_start < clock_timestamp() - interval '${OPEN_FOR}')`,
  }
}
