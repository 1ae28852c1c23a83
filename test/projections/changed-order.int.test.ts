import { beforeEach, describe, expect, it } from 'vitest'
import {
  type AppDefinition,
  defineApp,
  BuildRefused,
  long,
  Projection,
  Projects,
  Reprise,
  type Row,
  string,
  TableProjection,
} from 'reprise'
import { Account, MoneyDeposited } from '../support/bank.js'
import { openAccounts } from '../support/load.js'
import { ask, quietly, rebuildOf, useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

/** One sum over all accounts, whose events come to it in this way. */
function sumsOf(across: 'commutative' | 'ordered'): AppDefinition {
  @Projection({ name: 'sums', version: 1, from: [Account], key: () => 'all', across })
  class Sums extends TableProjection({
    table: 'sums',
    key: 'id',
    columns: { id: string(), total: long(0n) },
  }) {
    @Projects(MoneyDeposited)
    deposited({ amount }: MoneyDeposited, row: Row<typeof Sums>) {
      row.total += amount
    }
  }
  return defineApp({ name: 'bank', aggregates: [Account], projections: [Sums] })
}

/** Lanes of both kinds would not see how far the other one is with a stream. */
describe('a projection whose code says another order than its live generation has', () => {
  it.each([
    [
      'commutative',
      'ordered',
      'has events of different streams in any order',
      'follows the order of the store',
    ],
    [
      'ordered',
      'commutative',
      'follows the order of the store',
      'has events of different streams in any order',
    ],
  ] as const)(
    'is not fed beside it from %s to %s, until it is rebuilt',
    async (before, after, was, is) => {
      await using old = await Reprise.start(sumsOf(before), quietly(url))
      await openAccounts(old, 4, 3)
      const changed = sumsOf(after)
      const [Sums] = changed.projections
      const refusal: unknown = await Reprise.start(changed, quietly(url)).catch((error: unknown) => error)

      const result = await rebuildOf(url, 'sums', { app: changed })
      await using app = await Reprise.start(changed, quietly(url))
      await openAccounts(old, 1, 1, 'late')
      const receipt = { stream: 'account-late-0', version: 2, commandId: '' }
      if (Sums !== undefined) await app.projections.caughtUp(Sums, receipt, { timeout: '20s' })

      expect(refusal).toBeInstanceOf(BuildRefused)
      expect((refusal as BuildRefused).faults).toEqual([
        `projection sums: generation 1 ${was}, the code declares one that ${is}; run reprise projection rebuild sums`,
      ])
      expect(result).toMatchObject({ generation: 2, previous: 1 })
      expect(await ask(url, 'SELECT total::int FROM bank.sums')).toEqual([{ total: 25 }])
      expect(
        await ask(url, `SELECT DISTINCT topic FROM reprise_read.checkpoints WHERE generation = 2`),
      ).toEqual([{ topic: after === 'ordered' ? 'store:bank' : 'bank.account' }])
    },
    60_000,
  )
})
