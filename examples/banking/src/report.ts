import { relative } from 'node:path'
import type { Counters, Surroundings } from 'reprise'
import type { Imported } from './import/import-transactions.js'
import type { Mismatch } from './import/compare-balances.js'

/** What a run came to. */
export interface Outcome {
  readonly imported: Imported
  readonly counters: Counters
  readonly mismatches: readonly Mismatch[]
  readonly log: 'postgres' | 'kafka'
  readonly seconds: number
  readonly largest: readonly LargeAccount[]
}

export interface LargeAccount {
  readonly account_number: string
  readonly balance: bigint
  readonly bookings: number
}

/** The JSON document of a run. */
export function documentOf({ imported, counters, mismatches, log, seconds }: Outcome) {
  return {
    transactions: imported.transactions,
    accounts: imported.accounts.size,
    eventsStored: counters.appended,
    eventsPublished: counters.published,
    eventsApplied: Object.values(counters.applied).reduce((sum, applied) => sum + applied, 0),
    alreadyKnown: counters.alreadyKnown,
    mismatches: mismatches.length,
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
    NEXT_STEPS,
  ].join('\n\n')
}

/** One line per account where the bank and we do not agree. */
export function mismatchText({ accountNumber, transactionId, bankBalance, ourBalance }: Mismatch): string {
  const ours = ourBalance === undefined ? 'we have no statement line of it' : `we say ${crowns(ourBalance)}`
  return `account ${accountNumber} after transaction ${transactionId}: the bank says ${crowns(bankBalance)}, ${ours}`
}

/** The start-up line. */
export function surroundingsText({ database, log, dataFolder }: Surroundings): string {
  const folder = dataFolder === undefined ? 'none (DATABASE_URL is set)' : fromHere(dataFolder)
  return `database ${database} · log ${log} · data folder ${folder}`
}

/** A path as one would type it here. */
function fromHere(path: string): string {
  const short = relative('.', path)
  return short.startsWith('..') ? path : short
}

export const count = (number: number): string => number.toLocaleString('en-US')

/** Hellers as crowns, '1,234.50'. */
export function crowns(hellers: bigint): string {
  const sign = hellers < 0n ? '-' : ''
  const amount = hellers < 0n ? -hellers : hellers
  return `${sign}${(amount / 100n).toLocaleString('en-US')}.${String(amount % 100n).padStart(2, '0')}`
}

function figures({ imported, counters, mismatches, seconds }: Outcome): readonly (readonly string[])[] {
  const accounts = imported.accounts.size
  const applied = Object.entries(counters.applied).map(([name, events]) => [
    `events applied to ${name}`,
    count(events),
  ])
  return [
    ['transactions in the file', count(imported.transactions)],
    ['  known from an earlier run', count(counters.alreadyKnown)],
    ['events stored', count(counters.appended)],
    ['events published', count(counters.published)],
    ...applied,
    ['balances that agree', `${count(accounts - mismatches.length)} of ${count(accounts)}`],
    ['seconds', seconds.toFixed(1)],
  ]
}

/** The first column to the left, all others to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
    ),
  )
  return lines.map((cells) => `  ${cells.join('  ')}`).join('\n')
}

const NEXT_STEPS = `  npx reprise projection list               how far each projection has come
  npx reprise projection rebuild balances   replay history into a new table; readers see the old one meanwhile
  npm run kafka                             a local broker; then KAFKA_BROKERS=host:port npm start -- --fresh`
