import { type App, Reprise, type StartOptions } from 'reprise'
import app from './app.js'
import type { Arguments } from './arguments.js'
import { BankFile } from './bank-file/bank-file.js'
import { EXIT } from './failure.js'
import { count } from './figures.js'
import { compareBalances } from './import/compare-balances.js'
import { type Imported, importTransactions } from './import/import-transactions.js'
import { readPersistently } from './persistently.js'
import type { Progress } from './progress.js'
import { Balances } from './read-models/balances.js'
import { project } from './catching-up/project.js'
import {
  documentOf,
  mismatchText,
  type Outcome,
  summaryOf,
  surroundingsText,
  type Transfers,
} from './report.js'
import { serve } from './serve.js'
import { Stopwatch } from './stopwatch.js'
import { terminalLogger } from './terminal-logger.js'
import { circulate } from './transfers/circulate.js'
import { totalBalance } from './transfers/total-balance.js'

export interface RunOptions {
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Takes what belongs on standard output. */
  readonly print: (text: string) => void
}

type Watched = Pick<RunOptions, 'progress' | 'signal'>

const LARGEST = 5

/** Imports, projects, compares and reports, or serves. Answers the exit code. */
export async function run(args: Arguments, { progress, signal, print }: RunOptions): Promise<number> {
  const clock = new Stopwatch()
  const options = startOptions(args, progress)
  if (args.serve) return serve(options, progress)
  const file = await BankFile.open(args.data)
  try {
    if (args.fresh) await reset(options, progress)
    const { outcome, counters } = await runOn(file, args, options, { progress, signal })
    // Counted after the stop: by then whatever was under way has been counted.
    const seconds = Math.round(clock.seconds * 1_000) / 1_000
    const finished = { ...outcome, counters: counters(), seconds }
    finished.mismatches.forEach((mismatch) => progress.say(mismatchText(mismatch)))
    print(args.json ? JSON.stringify(documentOf(finished)) : `\n${summaryOf(finished)}\n`)
    return finished.mismatches.length === 0 ? EXIT.done : EXIT.different
  } finally {
    await file.close()
  }
}

function startOptions({ verbose }: Arguments, progress: Progress): StartOptions {
  return {
    logWayOut:
      'npm start -- --fresh begins again on the log named now; or set REPRISE_LOG and KAFKA_BROKERS to the recorded log',
    ...(verbose ? { logLevel: 'debug' } : { logger: terminalLogger((line) => progress.say(line)) }),
  }
}

async function reset(options: StartOptions, progress: Progress): Promise<void> {
  const { schemas, topics, leftLog } = await Reprise.reset(app, options)
  const dropped = [...schemas, ...topics.map((topic) => `topic ${topic}`)]
  progress.say(
    dropped.length === 0 ? 'fresh: there was nothing to drop' : `fresh: dropped ${dropped.join(', ')}`,
  )
  if (leftLog !== undefined)
    progress.say(
      `fresh: the log ${leftLog} that was used before is forgotten; it was not asked, and topics of ours there are left`,
    )
}

async function runOn(
  file: BankFile,
  { skipBad, transfers: wanted }: Arguments,
  options: StartOptions,
  watched: Watched,
): Promise<{
  readonly outcome: Omit<Outcome, 'counters' | 'seconds'>
  readonly counters: () => App['counters']
}> {
  const { progress, signal } = watched
  progress.say('starting …')
  await using bank = await Reprise.start(app, options)
  progress.say(surroundingsText(bank.surroundings))
  signal.throwIfAborted()
  const { imported, skipped } = await importFile(bank, file, skipBad, watched)
  await projectImported(bank, imported, watched)
  const transfers = wanted === 0 ? undefined : await transferMoneyRound(bank, imported, wanted, watched)
  const mismatches = await readPersistently(() => compareBalances(bank, imported.accounts), signal)
  const largest = await readPersistently(() => largestBalances(bank), signal)
  const log = bank.surroundings.log === 'postgres' ? 'postgres' : 'kafka'
  return {
    outcome: { imported, mismatches, skipped, transfers, largest, log },
    counters: () => bank.counters,
  }
}

function largestBalances(bank: App): Promise<Outcome['largest']> {
  return bank
    .read(Balances)
    .select(['account_number', 'balance', 'bookings'])
    .orderBy('balance', 'desc')
    .orderBy('account_number')
    .limit(LARGEST)
    .execute()
}

/** What was left out is counted only where it was asked for. */
async function importFile(
  bank: App,
  file: BankFile,
  skipBad: boolean,
  { progress, signal }: Watched,
): Promise<{ readonly imported: Imported; readonly skipped: number | undefined }> {
  const clock = new Stopwatch()
  let bytes = 0
  let skipped = 0
  const leaveOut = (line: Error): void => {
    skipped += 1
    progress.say(`left out: ${line.message}`)
  }
  const imported = await importTransactions(bank, file.transactions(skipBad ? leaveOut : undefined), {
    signal,
    ...(skipBad ? { onRefused: leaveOut } : {}),
    onAcknowledged: (transaction, done) => {
      bytes += transaction.bytes
      progress.show('importing', bytes / file.size, `${count(done)} transactions, ${clock.rate(done)}`)
    },
  })
  signal.throwIfAborted()
  const { transactions, accounts } = imported
  progress.say(
    `imported ${count(transactions)} transactions of ${count(accounts.size)} accounts in ${clock.read()}`,
  )
  return { imported, skipped: skipBad ? skipped : undefined }
}

async function projectImported(
  bank: App,
  { accounts }: Imported,
  { progress, signal }: Watched,
): Promise<void> {
  const clock = new Stopwatch()
  const receipts = [...accounts.values()].map(({ receipt }) => receipt)
  await project(bank, receipts, progress, signal)
  progress.say(`projected ${count(accounts.size)} accounts in another ${clock.read()}`)
}

async function transferMoneyRound(
  bank: App,
  { accounts }: Imported,
  wanted: number,
  { progress, signal }: Watched,
): Promise<Transfers> {
  const clock = new Stopwatch()
  const before = await readPersistently(() => totalBalance(bank), signal)
  const made = await circulate(bank, accounts, wanted, {
    signal,
    onTransfer: (done) =>
      progress.show('transferring', done / wanted, `${count(done)} transfers, ${clock.rate(done)}`),
  })
  await project(bank, made.receipts, progress, signal)
  progress.say(`made ${count(wanted)} transfers in ${clock.read()}`)
  return { ...made, before, after: await readPersistently(() => totalBalance(bank), signal) }
}
