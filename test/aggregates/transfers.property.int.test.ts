import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CommandRejected } from 'reprise'
import { deposit, open } from '../support/account-commands.js'
import { inTurn } from '../support/in-turn.js'
import { uniqueName } from '../support/kafka.js'
import { expectSoundStore } from '../support/store-facts.js'
import { transfer } from '../support/transfers.js'
import { schemas, useMigratedDatabase } from '../support/write-side.js'

const CLIENTS = 16
const ACCOUNTS = 20
const OPENING_BALANCE = 100n

const database = useMigratedDatabase()

const anyTransfer = fc
  .record({
    from: fc.nat(ACCOUNTS - 1),
    step: fc.integer({ min: 1, max: ACCOUNTS - 1 }),
    amount: fc.bigInt(1n, 120n),
  })
  .map(({ from, step, amount }) => ({ from, to: (from + step) % ACCOUNTS, amount }))
const anyClient = fc.array(anyTransfer, { minLength: 12, maxLength: 12 })

describe('transfers', () => {
  it('leave the sum of all accounts unchanged in every snapshot, while 16 clients transfer through two processes', async () => {
    const sides = [database.writeSide(), database.writeSide()]
    const everyRun = fc.asyncProperty(
      fc.array(anyClient, { minLength: CLIENTS, maxLength: CLIENTS }),
      async (clients) => {
        const accounts = Array.from({ length: ACCOUNTS }, () => uniqueName('account'))
        await Promise.all(
          accounts.map(async (account, index) => {
            await open(inTurn(sides, index), account)
            await deposit(inTurn(sides, index), account, OPENING_BALANCE)
          }),
        )
        const over = new AbortController()
        const reading = snapshotsUntil(over.signal, accounts)
        const transfers = clients.map(async (client, index) => {
          let stored = 0
          for (const { from, to, amount } of client)
            stored += await attempt(
              inTurn(sides, index),
              inTurn(accounts, from),
              inTurn(accounts, to),
              amount,
            )
          return stored
        })
        const stored = (await Promise.all(transfers)).reduce((sum, one) => sum + one)
        over.abort()
        const snapshots = await reading

        const constant = OPENING_BALANCE * BigInt(ACCOUNTS)
        expect(snapshots.filter(({ total }) => total !== constant)).toEqual([])
        // The reader saw the transfers happen, and the last of them.
        expect(new Set(snapshots.map(({ events }) => events)).size).toBeGreaterThan(3)
        expect(snapshots.at(-1)).toMatchObject({ events: 2 * ACCOUNTS + 2 * stored, overdrawn: 0 })
      },
    )
    await fc.assert(everyRun, { numRuns: 3, endOnFailure: true })
    await expectSoundStore(database.pool)
  })
})

/** How many transfers were stored, 0 or 1. */
async function attempt(...[side, from, to, amount]: Parameters<typeof transfer>): Promise<number> {
  try {
    await transfer(side, from, to, amount)
    return 1
  } catch (error) {
    if (error instanceof CommandRejected) return 0
    throw error
  }
}

interface TotalSeen {
  readonly events: number
  readonly total: bigint
  /** Accounts below zero. */
  readonly overdrawn: number
}

/** What a reader sees under REPEATABLE READ, again and again, and once more after the end. */
async function snapshotsUntil(over: AbortSignal, accounts: readonly string[]): Promise<readonly TotalSeen[]> {
  const seen: TotalSeen[] = []
  const client = await database.pool.connect()
  try {
    for (let last = false; !last;) {
      last = over.aborted
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
      const { rows } = await client.query<{ id: string; events: bigint; balance: string }>(BALANCES, [
        accounts,
      ])
      await client.query('COMMIT')
      const balances = rows.map(({ balance }) => BigInt(balance))
      seen.push({
        events: rows.reduce((sum, { events }) => sum + Number(events), 0),
        total: balances.reduce((sum, balance) => sum + balance, 0n),
        overdrawn: balances.filter((balance) => balance < 0n).length,
      })
    }
    return seen
  } finally {
    client.release()
  }
}

/** $1 accounts. */
const BALANCES = `
SELECT stream_id AS id, count(*) AS events,
       sum(CASE type WHEN 'MoneyDeposited' THEN (payload->>'amount')::bigint
                     WHEN 'MoneyWithdrawn' THEN -(payload->>'amount')::bigint ELSE 0 END)::text AS balance
FROM ${schemas.store}.events WHERE stream_type = 'account' AND stream_id = ANY ($1) GROUP BY stream_id`
