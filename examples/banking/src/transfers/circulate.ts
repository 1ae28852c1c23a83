import type { App, GroupReceipt } from 'reprise'
import { transferMoney } from '../account/transfer-money.js'
import type { ImportedAccount } from '../import/import-transactions.js'
import { persistently, readPersistently } from '../persistently.js'
import { Balances } from '../read-models/balances.js'

/** What came of passing money round. */
export interface Circulation {
  readonly transfers: number
  /** Those of them that an earlier run made. */
  readonly alreadyKnown: number
  readonly accounts: number
  /** The last ones: what they stand for includes all the others. */
  readonly receipts: readonly GroupReceipt[]
}

/** One crown. */
const AMOUNT = 100n
const LARGEST_RING = 20

/**
 * Passes a crown round the accounts that are richest by the bank's file: each pays the next, so many times in all.
 * `balances` must have caught up. The transfers' ids make it repeatable: what an earlier run made is not made again.
 *
 * In each round every account pays once and is paid once, whatever comes first: one crown on it is enough.
 *
 * @throws an Error when fewer than two of them can pay
 */
export async function circulate(
  app: Pick<App, 'read' | 'executeAll' | 'counters'>,
  accounts: ReadonlyMap<string, ImportedAccount>,
  transfers: number,
  { signal, onTransfer }: { readonly signal: AbortSignal; readonly onTransfer: (count: number) => void },
): Promise<Circulation> {
  const ring = await readPersistently(() => payersAmong(app, richest(accounts)), signal)
  if (ring.length < 2) throw new Error('money cannot be passed round: fewer than two accounts have a crown')
  const known = app.counters.alreadyKnown
  let receipts: readonly GroupReceipt[] = []
  let count = 0
  const pay = async (step: number): Promise<GroupReceipt> => {
    const [from = '', to = ''] = [ring[step % ring.length], ring[(step + 1) % ring.length]]
    const commandId = `transfer-${step}-${from}-${to}`
    const transfer = () => transferMoney(app, { from, to, amount: AMOUNT }, { commandId })
    const receipt = await persistently(transfer, signal)
    onTransfer(++count)
    return receipt
  }
  for (let first = 0; first < transfers; first += ring.length) {
    signal.throwIfAborted()
    const steps = Array.from(
      { length: Math.min(ring.length, transfers - first) },
      (_, index) => first + index,
    )
    const round = await Promise.all(steps.map(pay))
    receipts = [...receipts, ...round].slice(-ring.length)
  }
  const alreadyKnown = app.counters.alreadyKnown - known
  return { transfers, alreadyKnown, accounts: ring.length, receipts }
}

/** By the file: the same ones in the same order in each run, whatever was transferred. */
function richest(accounts: ReadonlyMap<string, ImportedAccount>): readonly string[] {
  const byBalance = [...accounts].sort(([one, { bankBalance: a }], [other, { bankBalance: b }]) =>
    a === b ? Number(one) - Number(other) : a < b ? 1 : -1,
  )
  return byBalance.slice(0, LARGEST_RING).map(([accountNumber]) => accountNumber)
}

async function payersAmong(app: Pick<App, 'read'>, accounts: readonly string[]): Promise<readonly string[]> {
  if (accounts.length === 0) return []
  const rows = await app
    .read(Balances)
    .select('account_number')
    .where('account_number', 'in', accounts)
    .where('balance', '>=', AMOUNT)
    .where('closed', '=', false)
    .execute()
  const payers = new Set(rows.map(({ account_number }) => account_number))
  return accounts.filter((account) => payers.has(account))
}
