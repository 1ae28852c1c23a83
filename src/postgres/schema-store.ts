import type { Pool } from 'pg'
import type { EventSchema, SchemaStore } from '../core/ports/schema-store.js'
import { quoted } from './schemas.js'

/** An event type with what its events hold, described as JSON. */
export interface DescribedSchema extends EventSchema {
  readonly fields: readonly object[]
}

/** The event types that releases have entered in the store. */
export class PostgresSchemaStore implements SchemaStore {
  readonly #pool: Pool
  readonly #sql: ReturnType<typeof statements>

  constructor(pool: Pool, store: string) {
    this.#pool = pool
    this.#sql = statements(store)
  }

  async knows({ streamType, type, schemaVersion }: EventSchema): Promise<boolean> {
    const { rows } = await this.#pool.query(this.#sql.knows, [streamType, type, schemaVersion])
    return rows.length > 0
  }

  /** Enters those that no release has entered before. What was entered stays as it is. */
  async enter(schemas: readonly DescribedSchema[]): Promise<void> {
    if (schemas.length > 0) await this.#pool.query(this.#sql.enter, [JSON.stringify(schemas)])
  }
}

const statements = (store: string) => {
  const table = `${quoted(store)}.schemas`
  return {
    /** $1 stream type, $2 event type, $3 schema version. */
    knows: `SELECT FROM ${table} WHERE stream_type = $1 AND event_type = $2 AND schema_version = $3`,

    /** $1 schemas as JSON. In one order, so that two releases that start at once wait for one another, never in a circle. */
    enter: `
INSERT INTO ${table} (stream_type, event_type, schema_version, fields)
SELECT "streamType", "type", "schemaVersion", fields
FROM jsonb_to_recordset($1::jsonb) AS s ("streamType" text, "type" text, "schemaVersion" integer, fields jsonb)
ORDER BY 1, 2, 3
ON CONFLICT DO NOTHING`,
  }
}
