import type { App } from 'reprise'
import { Balances } from '../read-models/balances.js'

/** What the bank owes all its customers together, as far as the balances have come; hellers. */
export async function totalBalance(app: Pick<App, 'read'>): Promise<bigint> {
  const { sum } = await app
    .read(Balances)
    .select(({ fn }) => fn.sum<string | null>('balance').as('sum'))
    .executeTakeFirstOrThrow()
  return BigInt(sum ?? 0)
}
