import { type ClientConfig, type DatabaseError, Pool, TypeOverrides, type PoolClient } from 'pg'
import { mayBeOwn } from '../core/failure-class.js'
import type { Logger } from '../core/ports/logger.js'
import { Trouble } from '../core/trouble.js'
import { isDatabaseError } from './database-error.js'
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
export const typeParsers = new TypeOverrides()
typeParsers.setTypeParser(INT8, BigInt)
typeParsers.setTypeParser(DATE, (value) => value)

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
    types: typeParsers,
  })
  // The pool listens to idle connections only. One that is lost in use, between two statements of a transaction, would
  // end the process.
  const lost = new Trouble(logger, {
    fails: 'a database connection was lost',
    over: 'connections to the database are made again',
  })
  pool.on('connect', (client) => {
    lost.worked({ application: applicationName })
    client.on('error', (error) => {
      // A pool has ended before its connections have: what a server says that stops meanwhile is no news.
      if (!pool.ending) lost.failed({ error: error.message, application: applicationName })
      if (isDatabaseError(error) && mayBeOwn(error)) failWith(client, error)
    })
  })
  // One of many may be lost while the others work, and no new one be needed for hours.
  pool.on('acquire', () => lost.worked({ application: applicationName }))
  pool.on('error', () => undefined)
  if (vanishedAfter !== undefined) endWhenServerVanishes(pool, server, vanishedAfter)
  return pool
}

/** The driver forgets why a session was ended between two statements: whoever let it idle has to be told. */
const failWith = (client: PoolClient, reason: DatabaseError): void => {
  const ask = client.query.bind(client) as (...statement: unknown[]) => unknown
  const query = (...statement: unknown[]): unknown =>
    statement.every(isPlain) ? Promise.reject(reason) : ask(...statement)
  client.query = query as typeof client.query
}

/** No callback, and nothing that the driver feeds by itself. */
const isPlain = (part: unknown): boolean =>
  typeof part !== 'function' && !(typeof part === 'object' && part !== null && 'submit' in part)

/**
 * Runs `work` in one transaction of one connection: committed when it resolves with something to keep, rolled back when
 * it resolves otherwise, or rejects.
 */
export const inTransaction = async <T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
  begin = 'BEGIN',
  keep: (result: T) => boolean = () => true,
): Promise<T> => {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query(begin)
    const result = await work(client)
    await end(client, keep(result))
    return result
  } catch (error) {
    broken = await rollback(client)
    throw error
  } finally {
    client.release(broken)
  }
}

/** A transaction that went on after a failed statement is rolled back by its COMMIT, which says so in its answer only. */
const end = async (client: PoolClient, keep: boolean): Promise<void> => {
  const asked = keep ? 'COMMIT' : 'ROLLBACK'
  const { command } = await client.query(asked)
  if (command !== asked)
    throw new Error(
      'the transaction was rolled back: a statement in it had failed, and the failure was ignored',
    )
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
