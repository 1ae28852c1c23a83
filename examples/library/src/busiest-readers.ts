import type { App, GroupReceipt } from 'reprise'
import { Lendings } from './read-models/lendings.js'

export interface Reader {
  readonly member_id: string
  readonly lendings: bigint
}

/** How often each member has borrowed something, the busiest first. */
export async function busiestReaders(app: App, since: readonly GroupReceipt[]): Promise<readonly Reader[]> {
  const { rows } = await app.query(
    Lendings,
    'lendings',
    (lendings) =>
      lendings
        .groupBy('member_id')
        .select(({ fn }) => ['member_id', fn.countAll<bigint>().as('lendings')])
        .orderBy('lendings', 'desc')
        .orderBy('member_id'),
    { since, timeout: '10s' },
  )
  return rows
}
