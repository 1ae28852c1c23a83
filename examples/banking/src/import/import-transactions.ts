import { type App, type ErrorCode, type Receipt, RepriseError } from 'reprise'
import { RecordBooking } from '../account/commands.js'
import type { PlacedTransaction } from '../bank-file/bank-file.js'
import type { BankTransaction } from '../bank-file/bank-transaction.js'
import { persistently } from '../persistently.js'
import { Lanes } from './lanes.js'

/** What the file says last about an account. */
export interface ImportedAccount {
  /** The account's last transaction in the file. */
  readonly transactionId: string
  /** The bank's own balance after it, in hellers. */
  readonly bankBalance: bigint
  /** The receipt that leads furthest: what it stands for includes all the others. */
  readonly receipt: Receipt
}

export interface Imported {
  /** Those that were booked, now or by an earlier run. */
  readonly transactions: number
  readonly accounts: ReadonlyMap<string, ImportedAccount>
}

export interface ImportOptions {
  readonly signal: AbortSignal
  /** Told after each transaction that was acknowledged. */
  readonly onAcknowledged: (transaction: PlacedTransaction, count: number) => void
  /** Takes a transaction that was refused for what it says. @defaultValue the import stops there */
  readonly onRefused?: (refused: ImportStopped) => void
}

/** Errors that are about the transaction itself: the next one may well be booked. */
const REFUSALS: readonly ErrorCode[] = [
  'REPRISE_COMMAND_REJECTED',
  'REPRISE_COMMAND_ID_REUSED',
  'REPRISE_INVALID_VALUE',
]

/** A transaction could not be booked. No later one of its account was, unless it is left out. */
export class ImportStopped extends Error {
  /** Whether it was refused for what it says. */
  readonly canBeLeftOut: boolean

  constructor({ line, transactionId, accountNumber }: PlacedTransaction, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(
      `line ${line} (transaction ${transactionId} of account ${accountNumber}) was not booked: ${reason}`,
      {
        cause,
      },
    )
    this.canBeLeftOut = RepriseError.is(cause) && REFUSALS.includes(cause.code)
  }
}

const LIMITS = { waiting: 1_000, running: 32 }

/**
 * Books transactions, those of one account in the order of the file. The command ids derive from the bank's numbers: a
 * transaction that an earlier run booked is answered with its first receipt and changes nothing. For the same reason a
 * store that went away is simply asked again until it is back.
 *
 * When it rejects, or is aborted, what was acknowledged stays; running it again goes on from there. Of a file with a
 * malformed line all lines before are booked, and none after, unless it is left out.
 *
 * @throws {@link ImportStopped}, and whatever reading `transactions` throws
 */
export async function importTransactions(
  app: Pick<App, 'execute'>,
  transactions: AsyncIterable<PlacedTransaction>,
  { signal, onAcknowledged, onRefused }: ImportOptions,
): Promise<Imported> {
  const accounts = new Map<string, ImportedAccount>()
  const lanes = new Lanes(LIMITS)
  let count = 0
  const book = async (transaction: PlacedTransaction): Promise<void> => {
    const receipt = await recorded(app, transaction, signal, onRefused)
    if (receipt === undefined) return
    const { accountNumber } = transaction
    accounts.set(accountNumber, afterwards(accounts.get(accountNumber), transaction, receipt))
    onAcknowledged(transaction, ++count)
  }
  try {
    for await (const transaction of transactions) {
      if (signal.aborted) break
      await lanes.add(transaction.accountNumber, () => book(transaction))
    }
  } finally {
    if (signal.aborted) lanes.close()
    // What is under way comes before whatever ended the reading, and so does its failure.
    await lanes.done()
  }
  return { transactions: count, accounts }
}

async function recorded(
  app: Pick<App, 'execute'>,
  transaction: PlacedTransaction,
  signal: AbortSignal,
  onRefused: ImportOptions['onRefused'],
): Promise<Receipt | undefined> {
  const options = {
    commandId: `transaction-${transaction.transactionId}`,
    occurredAt: new Date(`${transaction.bookedOn}T00:00:00Z`),
    actor: 'bank import',
  }
  try {
    return await persistently(() => app.execute(recordBooking(transaction), options), signal)
  } catch (error) {
    const stopped = new ImportStopped(transaction, error)
    if (onRefused === undefined || !stopped.canBeLeftOut) throw stopped
    onRefused(stopped)
    return undefined
  }
}

function recordBooking(transaction: BankTransaction): RecordBooking {
  const { accountNumber, side, transactionId, amount, bookedOn, ...details } = transaction
  const { operation, purpose, partnerBank, partnerAccount } = details
  const booking = { transactionId, amount, bookedOn, operation, purpose, partnerBank, partnerAccount }
  return new RecordBooking({ accountNumber, side, ...booking })
}

function afterwards(
  before: ImportedAccount | undefined,
  { transactionId, bankBalance }: BankTransaction,
  receipt: Receipt,
): ImportedAccount {
  const leadsFurther = before === undefined || receipt.version > before.receipt.version
  return { transactionId, bankBalance, receipt: leadsFurther ? receipt : before.receipt }
}
