import { CompiledQuery, type Kysely, type Transaction } from 'kysely'

/** Runs one creation, drop or acceptance of a projection at a time, across all processes, in a transaction. */
export function exclusively<T>(
  db: Kysely<unknown>,
  read: string,
  projection: string,
  work: (tx: Transaction<unknown>) => Promise<T>,
): Promise<T> {
  return db.transaction().execute(async (tx) => {
    await tx.executeQuery(CompiledQuery.raw(LOCK, [`reprise ${read} ${projection}`]))
    return work(tx)
  })
}

const LOCK = 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))'
