import { CompiledQuery, type Transaction, type TransactionBuilder } from 'kysely'
import { SQL_STATE, sqlStateOf } from '../../postgres/sql-state.js'

/** Runs a transaction that gives up where it would wait longer than that, in milliseconds, for one of its locks. */
export async function unlessBlocked<T>(
  transaction: TransactionBuilder<unknown>,
  patience: number,
  work: (tx: Transaction<unknown>) => Promise<T>,
): Promise<T | 'blocked'> {
  try {
    return await transaction.execute(async (tx) => {
      await tx.executeQuery(CompiledQuery.raw(`SET LOCAL lock_timeout = '${Math.ceil(patience)}ms'`))
      return work(tx)
    })
  } catch (error) {
    if (sqlStateOf(error) === SQL_STATE.lockNotAvailable) return 'blocked'
    throw error
  }
}
