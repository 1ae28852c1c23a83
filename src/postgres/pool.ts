import { type ClientConfig, Pool, TypeOverrides, type PoolClient } from 'pg'
import type { Logger } from '../core/ports/logger.js'
import { endWhenServerVanishes } from './vanished-server.js'

export interface PoolOptions {
  readonly url: string
  readonly applicationName: string
  /** Connections at the most. */
  readonly size: number
  /** Milliseconds a session may sit idle inside a transaction before the server ends it and frees its locks. */
  readonly idleInTransaction: number
  /**
   * Milliseconds after which nothing waits any more for a server that vanished without closing its connections.
   * Statements may take longer, for as long as the server is there. Not given, the kernel decides.
   */
  readonly vanishedAfter?: number
  readonly logger: Logger
}

const INT8 = 20
const DATE = 1082

/** `long` is bigint and `date` is 'YYYY-MM-DD' everywhere; the driver's defaults would lose precision and shift days. */
const parsers = new TypeOverrides()
parsers.setTypeParser(INT8, BigInt)
parsers.setTypeParser(DATE, (value) => value)

/** Opens no connection yet. A connection that breaks, in use or idle, is logged and replaced, never thrown at the process. */
export const createPool = ({
  url,
  applicationName,
  size,
  idleInTransaction,
  vanishedAfter,
  logger,
}: PoolOptions): Pool => {
  const server: ClientConfig = { connectionString: url, application_name: applicationName }
  const pool = new Pool({
    ...server,
    max: size,
    keepAlive: true,
    // The kernel's own is two hours. A connection on which nothing is under way is found out by this alone.
    ...(vanishedAfter === undefined ? {} : { keepAliveInitialDelayMillis: Math.floor(vanishedAfter / 3) }),
    connectionTimeoutMillis: 10_000,
    idle_in_transaction_session_timeout: idleInTransaction,
    types: parsers,
  })
  // The pool listens to idle connections only. One that is lost in use, between two statements of a transaction, would
  // end the process.
  pool.on('connect', (client) => {
    client.on('error', (error) => {
      // A pool has ended before its connections have: what a server says that stops meanwhile is no news.
      if (!pool.ending) logger.warn({ error: error.message }, 'a database connection was lost')
    })
  })
  pool.on('error', () => undefined)
  if (vanishedAfter !== undefined) endWhenServerVanishes(pool, server, vanishedAfter)
  return pool
}

/** Runs `work` in one transaction of one connection: committed when it resolves, rolled back when it rejects. */
export const inTransaction = async <T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
  begin = 'BEGIN',
): Promise<T> => {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query(begin)
    const result = await work(client)
    await client.query('COMMIT')
    return result
  } catch (error) {
    broken = await rollback(client)
    throw error
  } finally {
    client.release(broken)
  }
}

/** A connection that cannot even roll back is not fit to be used again. */
const rollback = async (client: PoolClient): Promise<Error | undefined> => {
  try {
    await client.query('ROLLBACK')
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
