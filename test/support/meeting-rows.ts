// Projections whose rows many accounts meet in. It uses no name of the package that bank.ts does not import.
import { defineApp, long, Projection, Projects, type Row, string, TableProjection } from 'reprise'
import { Account, AccountOpened, MoneyDeposited, MoneyWithdrawn } from './bank.js'

/** What came in less what went out, by the last digit of the amount. A sum of 0 has no row. */
@Projection({
  name: 'turnover',
  version: 1,
  from: [Account],
  key: (event) => ('amount' in event ? `ends in ${event.amount % 10n}` : ''),
  across: 'commutative',
})
export class Turnover extends TableProjection({
  table: 'turnover',
  key: 'digit',
  columns: { digit: string(), total: long(0n), sample: string() },
}) {
  @Projects(MoneyDeposited)
  deposited({ amount }: MoneyDeposited, row: Row<typeof Turnover>) {
    row.total += amount
    row.sample = 'set'
    return row.total === 0n ? null : undefined
  }

  @Projects(MoneyWithdrawn)
  withdrawn({ amount }: MoneyWithdrawn, row: Row<typeof Turnover>) {
    row.total -= amount
    row.sample = 'set'
    return row.total === 0n ? null : undefined
  }
}

const LARGEST_PRIME = 2n ** 61n - 1n

/** One row over all accounts; its digest tells every order of events from every other. */
@Projection({ name: 'journal', version: 1, from: [Account], key: () => 'all', across: 'ordered' })
export class Journal extends TableProjection({
  table: 'journal',
  key: 'id',
  columns: { id: string(), entries: long(0n), digest: long(0n) },
}) {
  @Projects(AccountOpened)
  opened(_: AccountOpened, row: Row<typeof Journal>) {
    this.enter(row, 0n)
  }

  @Projects(MoneyDeposited)
  deposited({ amount }: MoneyDeposited, row: Row<typeof Journal>) {
    this.enter(row, amount)
  }

  @Projects(MoneyWithdrawn)
  withdrawn({ amount }: MoneyWithdrawn, row: Row<typeof Journal>) {
    this.enter(row, -amount)
  }

  private enter(row: Row<typeof Journal>, amount: bigint) {
    row.entries += 1n
    row.digest = digestOf(row.digest, amount)
  }
}

/** The digest after one more amount. */
export function digestOf(before: bigint, amount: bigint): bigint {
  return (before * 1_000_003n + amount + LARGEST_PRIME) % LARGEST_PRIME
}

export const meetingBank = defineApp({
  name: 'bank',
  aggregates: [Account],
  projections: [Turnover, Journal],
})
