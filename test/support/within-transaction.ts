import { CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import type { Pool } from 'pg'
import type { CallersTransaction } from '../../src/core/ports/callers-transaction.js'

/** What a caller does with a transaction it has begun; `query` runs in it. */
export interface BegunTransaction {
  readonly tx: CallersTransaction
  query(text: string): Promise<readonly unknown[]>
}

export const TRANSACTION_KINDS = ['pg client', 'Kysely transaction'] as const
export type TransactionKind = (typeof TRANSACTION_KINDS)[number]

/** Runs `work` in a transaction of the caller's own: committed when it resolves, rolled back when it rejects. */
export async function within<T>(
  pool: Pool,
  kind: TransactionKind,
  work: (transaction: BegunTransaction) => Promise<T>,
): Promise<T> {
  return kind === 'pg client' ? withinClient(pool, work) : withinKysely(pool, work)
}

async function withinClient<T>(pool: Pool, work: (transaction: BegunTransaction) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const query = async (text: string) => (await client.query<Record<string, unknown>>(text)).rows
    const result = await work({ tx: client, query })
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

function withinKysely<T>(pool: Pool, work: (transaction: BegunTransaction) => Promise<T>): Promise<T> {
  // Not destroyed: the pool is the test's.
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  return db.transaction().execute((tx) => {
    const query = async (text: string) =>
      (await tx.executeQuery<Record<string, unknown>>(CompiledQuery.raw(text))).rows
    return work({ tx, query })
  })
}
