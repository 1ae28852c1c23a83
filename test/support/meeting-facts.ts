import { readFile } from 'node:fs/promises'
import type { App } from 'reprise'
import ts from 'typescript'
import { expect } from 'vitest'
import { startBankProcess } from './bank-process.js'
import { digestOf, Journal, meetingBank, Turnover } from './meeting-rows.js'
import type { ModuleProcess } from './module-process.js'
import { ADMIT_ITSELF, admitTestsBuilds } from './other-build.js'
import { ask } from './read-side.js'

/** Until both have everything that is stored. */
export async function bothCaughtUp(app: App, url: string, timeout: '20s' | '45s' = '20s'): Promise<void> {
  const heads = await ask<{ id: string; version: number }>(
    url,
    'SELECT id, version::int FROM reprise_store.streams ORDER BY id',
  )
  for (const { id, version } of heads) {
    const receipt = { stream: `account-${id}`, version, commandId: '' }
    await app.projections.caughtUp(Turnover, receipt, { timeout })
    await app.projections.caughtUp(Journal, receipt, { timeout })
  }
}

/** Checks both against a fold of the store that the framework has no part in. */
export async function expectBothToEqualTheStore(url: string): Promise<void> {
  const events = await ask<{ type: string; amount: string | null }>(
    url,
    `SELECT type, payload->>'amount' AS amount FROM reprise_store.events ORDER BY position`,
  )
  const totals = new Map<string, bigint>()
  let digest = 0n
  for (const { type, amount: text } of events) {
    const amount = BigInt(text ?? 0)
    const signed = type === 'MoneyWithdrawn' ? -amount : amount
    digest = digestOf(digest, signed)
    const digit = `ends in ${amount % 10n}`
    if (text !== null) totals.set(digit, (totals.get(digit) ?? 0n) + signed)
  }
  const expected = [...totals].filter(([, total]) => total !== 0n).sort(([a], [b]) => (a < b ? -1 : 1))

  expect(await ask(url, 'SELECT digit, total::text, sample FROM bank.turnover ORDER BY digit')).toEqual(
    expected.map(([digit, total]) => ({ digit, total: total.toString(), sample: 'set' })),
  )
  expect(await ask(url, 'SELECT id, entries::text, digest::text FROM bank.journal')).toEqual([
    { id: 'all', entries: events.length.toString(), digest: digest.toString() },
  ])
}

/** How many events the ledger has entered. */
export async function entered(url: string): Promise<number> {
  const [row] = await ask<{ entries: number }>(url, 'SELECT entries::int FROM bank.journal')
  return row?.entries ?? 0
}

/** An app of both in a process of its own. It says `runs`, and then `applied` whenever more was applied than before. */
export async function startMeetingProcess(url: string): Promise<ModuleProcess> {
  const process = await startBankProcess(
    `${ADMIT_ITSELF}
${await meetingText()}
await admitItself(meetingBank, process.env.TEST_URL)
const app = await Reprise.start(meetingBank, { databaseUrl: process.env.TEST_URL, log: 'postgres', lease: 1000, logLevel: 'silent' })
console.log('runs')
let seen = 0
setInterval(() => {
  const { turnover, journal } = app.counters.applied
  if (turnover + journal > seen) console.log('applied')
  seen = turnover + journal
}, 5)
`,
    { TEST_URL: url },
  )
  if ((await process.nextLine()) !== 'runs') throw new Error('it does not run')
  for (const statement of admitTestsBuilds(meetingBank)) await ask(url, statement)
  return process
}

/** The projections as JavaScript; what they import is there already. */
async function meetingText(): Promise<string> {
  const text = await readFile(new URL('./meeting-rows.ts', import.meta.url), 'utf8')
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      experimentalDecorators: true,
      useDefineForClassFields: true,
    },
  })
  return outputText.replaceAll(/^import .*$/gm, '')
}
