import type { App } from 'reprise'
import { Statements } from '../read-models/statements.js'
import type { ImportedAccount } from './import-transactions.js'

/** An account where the bank and we do not agree. Amounts are hellers. */
export interface Mismatch {
  readonly accountNumber: string
  readonly transactionId: string
  readonly bankBalance: bigint
  /** Undefined when no statement line has the transaction. */
  readonly ourBalance: bigint | undefined
}

/** The bank rounds its balances: one crown. */
const TOLERANCE = 100n
const ACCOUNTS_AT_ONCE = 1_000

/**
 * Compares the bank's balance after an account's last transaction in the file with ours after that same transaction, so
 * that it does not matter what was booked later.
 */
export async function compareBalances(
  app: Pick<App, 'read'>,
  accounts: ReadonlyMap<string, ImportedAccount>,
): Promise<readonly Mismatch[]> {
  const mismatches: Mismatch[] = []
  const all = [...accounts]
  for (let from = 0; from < all.length; from += ACCOUNTS_AT_ONCE) {
    const some = all.slice(from, from + ACCOUNTS_AT_ONCE)
    const ours = await balancesAfter(app, some)
    for (const [accountNumber, { transactionId, bankBalance }] of some) {
      const ourBalance = ours.get(`${accountNumber} ${transactionId}`)
      if (!agree(bankBalance, ourBalance))
        mismatches.push({ accountNumber, transactionId, bankBalance, ourBalance })
    }
  }
  return mismatches
}

async function balancesAfter(
  app: Pick<App, 'read'>,
  accounts: readonly (readonly [string, ImportedAccount])[],
): Promise<ReadonlyMap<string, bigint>> {
  const transactionIds = accounts.map(([, { transactionId }]) => transactionId)
  const lines = await app
    .read(Statements, 'statement_lines')
    .select(['account_number', 'transaction_id', 'balance_after'])
    .where('transaction_id', 'in', transactionIds)
    .execute()
  return new Map(lines.map((line) => [`${line.account_number} ${line.transaction_id}`, line.balance_after]))
}

function agree(bank: bigint, ours: bigint | undefined): boolean {
  return ours !== undefined && bank - ours <= TOLERANCE && ours - bank <= TOLERANCE
}
