import { CompiledQuery } from 'kysely'
import type { ReadTransaction } from '../../subscriptions/postgres/index.js'

/** Does nothing in a transaction but to be heard of. */
export async function touch(tx: ReadTransaction): Promise<void> {
  await tx.executeQuery(CompiledQuery.raw('SELECT 1'))
}
