import { type App, Reprise, type StartOptions } from 'reprise'
import app from './app.js'
import type { Arguments } from './arguments.js'
import { BankFile } from './bank-file/bank-file.js'
import { EXIT } from './failure.js'
import { caughtUpWith } from './import/caught-up-with.js'
import { compareBalances } from './import/compare-balances.js'
import { type Imported, importTransactions } from './import/import-transactions.js'
import { unlessAborted } from './interruption.js'
import type { Progress } from './progress.js'
import { Balances } from './read-models/balances.js'
import { Statements } from './read-models/statements.js'
import { count, documentOf, mismatchText, type Outcome, summaryOf, surroundingsText } from './report.js'
import { terminalLogger } from './terminal-logger.js'

export interface RunOptions {
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Takes what belongs on standard output. */
  readonly print: (text: string) => void
}

const LARGEST = 5
/** Milliseconds without progress after which a person wants to know why. */
const PATIENCE = 4_000

/** Imports, projects, compares and reports. Answers the exit code. */
export async function run(args: Arguments, { progress, signal, print }: RunOptions): Promise<number> {
  const startedAt = performance.now()
  const file = await BankFile.open(args.data)
  try {
    const options = startOptions(args, progress)
    if (args.fresh) await reset(options, progress)
    const { outcome, counters } = await runOn(file, options, progress, signal)
    // Counted after the stop: by then whatever was under way has been counted.
    const seconds = Math.round(performance.now() - startedAt) / 1_000
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
  options: StartOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<{
  readonly outcome: Omit<Outcome, 'counters' | 'seconds'>
  readonly counters: () => App['counters']
}> {
  progress.say('starting …')
  await using bank = await Reprise.start(app, options)
  progress.say(surroundingsText(bank.surroundings))
  signal.throwIfAborted()
  const imported = await importFile(bank, file, progress, signal)
  await project(bank, imported, progress, signal)
  const mismatches = await compareBalances(bank, imported.accounts)
  const largest = await bank
    .read(Balances)
    .select(['account_number', 'balance', 'bookings'])
    .orderBy('balance', 'desc')
    .orderBy('account_number')
    .limit(LARGEST)
    .execute()
  const log = bank.surroundings.log === 'postgres' ? 'postgres' : 'kafka'
  return { outcome: { imported, mismatches, largest, log }, counters: () => bank.counters }
}

async function importFile(
  bank: App,
  file: BankFile,
  progress: Progress,
  signal: AbortSignal,
): Promise<Imported> {
  const clock = stopwatch()
  let bytes = 0
  const imported = await importTransactions(bank, file.transactions(), {
    signal,
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
  return imported
}

async function project(
  bank: App,
  { accounts }: Imported,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const clock = stopwatch()
  const impatient = setTimeout(
    () =>
      progress.say('still waiting: a run that was killed keeps its share of the work until its lease ends'),
    PATIENCE,
  )
  try {
    const projected = caughtUpWith(bank, [Balances, Statements], accounts, (done) => {
      impatient.refresh()
      progress.show('projecting', done / accounts.size, `${count(done)} of ${count(accounts.size)} accounts`)
    })
    await unlessAborted(signal, projected)
  } finally {
    clearTimeout(impatient)
  }
  progress.say(`projected ${count(accounts.size)} accounts in another ${clock.read()}`)
}

function stopwatch() {
  const startedAt = performance.now()
  const seconds = (): number => (performance.now() - startedAt) / 1_000
  return {
    read: () => `${seconds().toFixed(1)} s`,
    rate: (things: number) => `${count(Math.round(things / seconds()))}/s`,
  }
}
