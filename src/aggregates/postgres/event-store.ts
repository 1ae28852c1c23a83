import type { Pool } from 'pg'
import type { StoredEvent } from '../../core/envelope.js'
import type { AppendOutcome, AppendRequest, EventStore, HeadAndResult } from '../../core/ports/event-store.js'
import type { Routing } from '../../core/ports/routing.js'
import type { StreamRef } from '../../core/stream.js'
import { quoted } from '../../postgres/schemas.js'
import { STORED_EVENT_COLUMNS, storedEventOf, type StoredEventRow } from '../../postgres/stored-event-row.js'
import { SQL_STATE, sqlStateOf } from '../../postgres/sql-state.js'
import { appendStatement } from './append-statement.js'

/** The event store in Postgres. Each request of an append is a transaction of its own, over the pool's connections. */
export class PostgresEventStore implements EventStore {
  readonly #pool: Pool
  readonly #routing: Routing
  readonly #sql: { readonly append: string; readonly load: string; readonly headAndResult: string }

  constructor(pool: Pool, store: string, routing: Routing) {
    this.#pool = pool
    this.#routing = routing
    this.#sql = {
      append: appendStatement(store),
      load: loadStatement(store),
      headAndResult: headAndResultStatement(store),
    }
  }

  append(requests: readonly AppendRequest[]): Promise<readonly AppendOutcome[]> {
    return Promise.all(requests.map((request) => this.#appendOne(request)))
  }

  async load(stream: StreamRef, afterVersion = 0): Promise<readonly StoredEvent[]> {
    const { rows } = await this.#pool.query<StoredEventRow>({
      name: 'reprise-load',
      text: this.#sql.load,
      values: [stream.type, stream.id, afterVersion],
    })
    return rows.map(storedEventOf)
  }

  async headAndResult(stream: StreamRef, commandId: string): Promise<HeadAndResult> {
    const { rows } = await this.#pool.query<HeadAndResultRow>({
      name: 'reprise-head-and-result',
      text: this.#sql.headAndResult,
      values: [stream.type, stream.id, commandId],
    })
    const row = rows[0]
    if (row === undefined) return { version: 0, result: undefined }
    const { fingerprint, stream_type, stream_id, version } = row
    const known = fingerprint !== null && stream_type !== null && stream_id !== null
    return {
      version: Number(row.head),
      result: known
        ? { fingerprint, stream: { type: stream_type, id: stream_id }, version: Number(version) }
        : undefined,
    }
  }

  async #appendOne(request: AppendRequest): Promise<AppendOutcome> {
    const version = await this.#tryAppend(request)
    if (version !== undefined) return { outcome: 'appended', version }
    const { version: actualVersion, result } = await this.headAndResult(request.stream, request.commandId)
    return result === undefined ? { outcome: 'conflict', actualVersion } : { outcome: 'known', result }
  }

  async #tryAppend({
    commandId,
    fingerprint,
    stream,
    expectedVersion,
    events,
  }: AppendRequest): Promise<number | undefined> {
    const { topic, key, slot } = this.#routing(stream)
    const values = [
      commandId,
      fingerprint,
      stream.type,
      stream.id,
      expectedVersion,
      topic,
      key,
      slot,
      events.map((event) => event.eventId),
      events.map((event) => event.type),
      events.map((event) => event.schemaVersion),
      events.map((event) => event.payload),
      events.map((event) => JSON.stringify(event.metadata)),
      // The driver would write a Date in the process's zone, which can cost an old one its seconds.
      events.map((event) => event.occurredAt.toISOString()),
    ]
    try {
      const { rows } = await this.#pool.query<{ version: bigint }>({
        name: 'reprise-append',
        text: this.#sql.append,
        values,
      })
      return rows[0] === undefined ? undefined : Number(rows[0].version)
    } catch (error) {
      // The same command id was committed between this statement's snapshot and its insert: it lost like any other.
      if (sqlStateOf(error) === SQL_STATE.uniqueViolation) return undefined
      throw error
    }
  }
}

interface HeadAndResultRow {
  readonly head: bigint
  readonly fingerprint: string | null
  readonly stream_type: string | null
  readonly stream_id: string | null
  readonly version: bigint | null
}

/** $1 stream type, $2 stream id, $3 version to start after. */
const loadStatement = (store: string): string => `
SELECT ${STORED_EVENT_COLUMNS} FROM ${quoted(store)}.events e
WHERE e.stream_type = $1 AND e.stream_id = $2 AND e.version > $3
ORDER BY e.version`

/** $1 stream type, $2 stream id, $3 command id. One row always; the head is 0 when there is no stream. */
const headAndResultStatement = (store: string): string => `
SELECT coalesce((SELECT version FROM ${quoted(store)}.streams WHERE type = $1 AND id = $2), 0) AS head,
       r.fingerprint, r.stream_type, r.stream_id, r.version
FROM (VALUES (1)) AS one
LEFT JOIN ${quoted(store)}.command_results r ON r.command_id = $3`
