import { relative } from 'node:path'
import type { Counters, Surroundings } from 'reprise'
import { count, crowns, table } from './figures.js'
import type { Imported } from './import/import-transactions.js'
import type { Mismatch } from './import/compare-balances.js'
import type { Circulation } from './transfers/circulate.js'

/** What a run came to. */
export interface Outcome {
  readonly imported: Imported
  readonly counters: Counters
  readonly mismatches: readonly Mismatch[]
  readonly log: 'postgres' | 'kafka'
  readonly seconds: number
  /** Lines left out; undefined where none may be. */
  readonly skipped: number | undefined
  /** Undefined where none were asked for. */
  readonly transfers: Transfers | undefined
  readonly largest: readonly LargeAccount[]
}

/** What came of passing money round. The sums over all accounts are the same, if nothing was lost on the way. */
export interface Transfers extends Circulation {
  readonly before: bigint
  readonly after: bigint
}

export interface LargeAccount {
  readonly account_number: string
  readonly balance: bigint
  readonly bookings: number
}

/** The JSON document of a run. */
export function documentOf({ imported, counters, mismatches, skipped, transfers, log, seconds }: Outcome) {
  return {
    transactions: imported.transactions,
    accounts: imported.accounts.size,
    eventsStored: counters.appended,
    eventsPublished: counters.published,
    eventsApplied: Object.values(counters.applied).reduce((sum, applied) => sum + applied, 0),
    alreadyKnown: counters.alreadyKnown,
    mismatches: mismatches.length,
    ...(skipped === undefined ? {} : { skipped }),
    ...(transfers === undefined
      ? {}
      : {
          transfers: transfers.transfers,
          totalBefore: transfers.before.toString(),
          totalAfter: transfers.after.toString(),
        }),
    log,
    seconds,
  }
}

/** What a person wants to know at the end. */
export function summaryOf(outcome: Outcome): string {
  return [
    table(figures(outcome)),
    'Largest accounts',
    table([
      ['account', 'balance CZK', 'bookings'],
      ...outcome.largest.map(({ account_number, balance, bookings }) => [
        account_number,
        crowns(balance),
        count(bookings),
      ]),
    ]),
    'Try next',
    nextSteps(outcome.largest[0]),
  ].join('\n\n')
}

/** One line per account where the bank and we do not agree. */
export function mismatchText({ accountNumber, transactionId, bankBalance, ourBalance }: Mismatch): string {
  const ours = ourBalance === undefined ? 'we have no statement line of it' : `we say ${crowns(ourBalance)}`
  return `account ${accountNumber} after transaction ${transactionId}: the bank says ${crowns(bankBalance)}, ${ours}`
}

/** The start-up line. */
export function surroundingsText({ database, readDatabase, log, dataFolder }: Surroundings): string {
  const folder = dataFolder === undefined ? 'none (DATABASE_URL is set)' : fromHere(dataFolder)
  const readModels = readDatabase === database ? '' : ` · read models in ${readDatabase}`
  return `database ${database}${readModels} · log ${log} · data folder ${folder}`
}

/** A path as one would type it here. */
function fromHere(path: string): string {
  const short = relative('.', path)
  return short.startsWith('..') ? path : short
}

function figures({
  imported,
  counters,
  mismatches,
  skipped,
  transfers,
  seconds,
}: Outcome): readonly (readonly string[])[] {
  const accounts = imported.accounts.size
  const applied = Object.entries(counters.applied).map(([name, events]) => [
    `events applied to ${name}`,
    count(events),
  ])
  return [
    ['transactions in the file', count(imported.transactions)],
    ['  known from an earlier run', count(counters.alreadyKnown - (transfers?.alreadyKnown ?? 0))],
    ...(skipped === undefined ? [] : [['lines left out', count(skipped)]]),
    ...(transfers === undefined ? [] : transferFigures(transfers)),
    ['events stored', count(counters.appended)],
    ['events published', count(counters.published)],
    ...applied,
    ['balances that agree', `${count(accounts - mismatches.length)} of ${count(accounts)}`],
    ['seconds', seconds.toFixed(1)],
  ]
}

function transferFigures({
  transfers,
  alreadyKnown,
  accounts,
  before,
  after,
}: Transfers): readonly (readonly string[])[] {
  return [
    [`transfers between ${accounts} accounts`, count(transfers)],
    ['  known from an earlier run', count(alreadyKnown)],
    ['  all balances before', crowns(before)],
    ['  all balances after', crowns(after)],
  ]
}

function nextSteps(largest: LargeAccount | undefined): string {
  const account = largest?.account_number ?? 'ID'
  const steps = [
    ['npx reprise projection list', 'how far each projection has come'],
    [
      'npx reprise projection rebuild balances',
      'replay history into a new table; readers see the old one meanwhile',
    ],
    [
      `npx reprise events show account ${account}`,
      'what happened to an account; with --state what came of it',
    ],
    ['npm start -- --transfers 200', 'pass money round, each transfer in one commit'],
    ['npm run kafka', 'a local broker; then KAFKA_BROKERS=host:port npm start -- --fresh'],
  ]
  return steps.map(([command = '', effect = '']) => `  ${command.padEnd(42)}${effect}`).join('\n')
}
