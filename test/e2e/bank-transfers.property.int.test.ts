import fc from 'fast-check'
import { type App, CommandRejected, defineApp } from 'reprise'
import { startTestApp, type TestApp } from 'reprise/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { Account } from '../../examples/banking/src/account/account.js'
import { Deposit, OpenAccount } from '../../examples/banking/src/account/commands.js'
import { type TransferMoney, transferMoney } from '../../examples/banking/src/account/transfer-money.js'
import bank from '../../examples/banking/src/app.js'
import { DailyTotals } from '../../examples/banking/src/read-models/daily-totals.js'
import {
  BOOKS,
  type Books,
  dailyTotalsOfEvents,
  dailyTotalsShown,
  entriesOutOfOrder,
} from '../support/bank-books.js'
import { NaiveTotals } from '../support/naive-totals.js'
import { partAddress } from '../support/part-address.js'
import { ask, Reader } from '../support/read-side.js'

const CLIENTS = 16
const ACCOUNTS = 12
const OPENING_BALANCE = 100n
const TOTAL = (OPENING_BALANCE * BigInt(ACCOUNTS)).toString()

let server: string
beforeAll(async () => {
  server = await partAddress('/postgres/18')
})

const accounts = Array.from({ length: ACCOUNTS }, (_, index) => String(index + 1))

const anyTransfer = fc
  .record({
    from: fc.nat(ACCOUNTS - 1),
    step: fc.integer({ min: 1, max: ACCOUNTS - 1 }),
    amount: fc.bigInt(1n, 120n),
  })
  .map(({ from, step, amount }) => ({
    from: accounts[from] ?? '',
    to: accounts[(from + step) % ACCOUNTS] ?? '',
    amount,
  }))
const anyClients = fc.array(fc.array(anyTransfer, { minLength: 10, maxLength: 10 }), {
  minLength: CLIENTS,
  maxLength: CLIENTS,
})

async function openAccounts({ execute, caughtUp }: TestApp): Promise<void> {
  await Promise.all(
    accounts.map(async (accountNumber) => {
      await execute(new OpenAccount({ accountNumber }))
      await execute(new Deposit({ accountNumber, amount: OPENING_BALANCE }))
    }),
  )
  await caughtUp()
}

/** All clients at once, each one transfer after the other. Gives how many were made. */
async function transferAll(app: App, clients: readonly (readonly TransferMoney[])[]): Promise<number> {
  const made = await Promise.all(
    clients.map(async (transfers) => {
      let count = 0
      for (const transfer of transfers) if (await isMade(app, transfer)) count += 1
      return count
    }),
  )
  return made.reduce((sum, count) => sum + count)
}

async function isMade(app: App, transfer: TransferMoney): Promise<boolean> {
  try {
    await transferMoney(app, transfer)
    return true
  } catch (error) {
    if (error instanceof CommandRejected) return false
    throw error
  }
}

/** What a reader sees under REPEATABLE READ, again and again, until the signal is aborted. */
async function snapshotsUntil(over: AbortSignal, url: string): Promise<readonly Books[]> {
  await using reader = await Reader.open(url)
  const seen: Books[] = []
  while (!over.aborted) {
    await reader.rows('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    seen.push(await reader.one(BOOKS))
    await reader.rows('COMMIT')
  }
  return seen
}

describe('transfers at the bank, by 16 clients at once', () => {
  it('keep the sum of all accounts in every snapshot, and every read model comes to the same', async () => {
    await using test = await startTestApp(bank, { server })
    const url = test.databaseUrl
    await openAccounts(test)
    let bookings = ACCOUNTS
    const everyRun = fc.asyncProperty(anyClients, async (clients) => {
      const over = new AbortController()
      const reading = snapshotsUntil(over.signal, url)
      bookings += 2 * (await transferAll(test.app, clients))
      over.abort()
      const snapshots = await reading

      // What was committed is whole at any moment; the balances and the ledger come after it, each in its own time.
      const whole = { byEvents: TOTAL, halves: 0, overdrawn: 0, wrongEntries: 0 }
      for (const snapshot of snapshots) expect(snapshot).toMatchObject(whole)
      expect(new Set(snapshots.map((snapshot) => snapshot.bookings)).size).toBeGreaterThan(3)
      await test.caughtUp({ timeout: '30s' })
      expect(await ask(url, BOOKS)).toEqual([{ ...whole, bookings, byBalances: TOTAL, byLedger: TOTAL }])
      expect(await entriesOutOfOrder(url)).toEqual([])
      expect(await dailyTotalsShown(url)).toEqual(await dailyTotalsOfEvents(url))
    })
    await fc.assert(everyRun, { numRuns: 3, endOnFailure: true })
  }, 120_000)

  it('lose nothing of the daily totals, where reading, adding and writing back does', async () => {
    const app = defineApp({
      name: 'banking',
      schemaPrefix: 'banking',
      aggregates: [Account],
      projections: [DailyTotals, NaiveTotals],
    })
    await using test = await startTestApp(app, { server })
    const [clients = []] = fc.sample(anyClients, 1)
    await openAccounts(test)
    await transferAll(test.app, clients)
    await test.caughtUp({ timeout: '30s' })

    const credited = async (table: string): Promise<bigint> => {
      const sql = `SELECT sum(credited)::text AS sum FROM banking.${table}`
      return BigInt((await ask<{ sum: string }>(test.databaseUrl, sql))[0]?.sum ?? 0)
    }
    expect(await dailyTotalsShown(test.databaseUrl)).toEqual(await dailyTotalsOfEvents(test.databaseUrl))
    expect(await credited('naive_totals')).toBeLessThan(await credited('daily_totals'))
  }, 60_000)
})
