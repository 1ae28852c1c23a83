import type { Pool } from 'pg'
import type { JsonValue } from '../../core/fields/json-value.js'
import type { CallersTransaction } from '../../core/ports/callers-transaction.js'
import type { Snapshot, SnapshotStore } from '../../core/ports/snapshot-store.js'
import type { StreamRef } from '../../core/stream.js'
import { callerSession } from '../../postgres/caller-session.js'
import { quoted } from '../../postgres/schemas.js'
import type { Statement } from '../../postgres/session.js'

/** One row per stream, beside the events. */
export class PostgresSnapshotStore implements SnapshotStore {
  readonly #pool: Pool
  readonly #latest: Statement
  readonly #save: Statement

  constructor(pool: Pool, store: string) {
    this.#pool = pool
    this.#latest = { name: 'reprise-snapshot', text: latestStatement(store) }
    this.#save = { name: 'reprise-save-snapshot', text: saveStatement(store) }
  }

  async latest(
    stream: StreamRef,
    stateVersion: number,
    tx?: CallersTransaction,
  ): Promise<Snapshot | undefined> {
    const values = [stream.type, stream.id, stateVersion]
    const [row] =
      tx === undefined
        ? (await this.#pool.query<SnapshotRow>({ ...this.#latest, values })).rows
        : await callerSession(tx).query<SnapshotRow>(this.#latest, values)
    if (row === undefined) return undefined
    return { stream, version: Number(row.version), stateVersion, state: JSON.parse(row.state) as JsonValue }
  }

  async save({ stream, version, stateVersion, state }: Snapshot): Promise<void> {
    const values = [stream.type, stream.id, version, stateVersion, JSON.stringify(state)]
    await this.#pool.query({ ...this.#save, values })
  }
}

interface SnapshotRow {
  readonly version: string
  readonly state: string
}

/** $1 stream type, $2 stream id, $3 version of the state. Answers text. */
const latestStatement = (store: string): string => `
SELECT version::text AS version, state::text AS state FROM ${quoted(store)}.snapshots
WHERE stream_type = $1::text AND stream_id = $2::text AND state_version = $3::integer`

/** $1 stream type, $2 stream id, $3 version, $4 version of the state, $5 state. */
const saveStatement = (store: string): string => `
INSERT INTO ${quoted(store)}.snapshots AS kept (stream_type, stream_id, version, state_version, state)
VALUES ($1::text, $2::text, $3::bigint, $4::integer, $5::jsonb)
ON CONFLICT (stream_type, stream_id) DO UPDATE
  SET version = excluded.version, state_version = excluded.state_version, state = excluded.state,
      taken_at = excluded.taken_at
  WHERE kept.state_version <> excluded.state_version OR kept.version < excluded.version`
