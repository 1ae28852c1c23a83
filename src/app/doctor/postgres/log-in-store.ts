import type { Pool } from 'pg'
import type { Topics } from '../../../log/index.js'
import { PostgresTopics } from '../../../log/postgres/topics.js'
import { recordedLog } from '../../postgres/store-identity.js'

/** The topics of the Postgres log, without opening that. */
export const postgresTopics = (pool: Pool, store: string): Topics => new PostgresTopics(pool, store)

/** The log that the store publishes into, if it was ever started. */
export const recordedLogOf = (pool: Pool, store: string): Promise<string | undefined> =>
  recordedLog(pool, store)
