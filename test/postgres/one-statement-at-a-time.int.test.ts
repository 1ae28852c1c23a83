import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'pg'
import { type App, defineApp, Reprise } from 'reprise'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Notifications } from '../../src/postgres/notifications.js'
import { createPool } from '../../src/postgres/pool.js'
import { notesThat } from '../support/acting-bank.js'
import { Balances, bank, DepositMoney, OpenAccount, Statements } from '../support/bank.js'
import { ask, quietly, useFreshDatabases } from '../support/read-side.js'
import { silentLogger } from '../support/silent-logger.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()

/** The driver warns once in a process: what warned in one test is found by none after it. */
const warnings: string[] = []
process.on('warning', ({ name, message }) => warnings.push(`${name}: ${message}`))

function poolOn(url: string): Pool {
  const options = {
    applicationName: 'one at a time',
    size: 5,
    idleInTransaction: 5_000,
    logger: silentLogger,
  }
  const pool = createPool({ ...options, url })
  onTestFinished(async () => {
    if (!pool.ended) await pool.end()
  })
  return pool
}

/** Warnings are given out a moment later. */
async function nextTurn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

describe('a connection', () => {
  it('is asked one thing at a time by those who begin to listen at once', async () => {
    const pool = poolOn(await freshDatabase())
    const notifications = new Notifications(pool, silentLogger)
    const calls: string[] = []
    const channels = ['a', 'b', 'c', 'd', 'e']

    await Promise.all(channels.map((it) => notifications.listen(it, () => calls.push(it))))
    for (const channel of channels) await pool.query('SELECT pg_notify($1, $2)', [channel, ''])

    await waitFor(() => calls.length === channels.length, { what: 'all of them to hear' })
    await notifications.close()
    await pool.end()
    await nextTurn()
    expect(warnings).toEqual([])
  })

  it('is asked one thing at a time by a whole app, also when connections are lost under its work', async () => {
    const url = await freshDatabase()
    const acted: string[] = []
    // Longer than it takes until the server ends an idle transaction, so that it has to be kept open.
    const notes = notesThat(async ({ key }) => {
      await delay(800)
      acted.push(key)
    })
    const busy = defineApp({ ...bank, projections: [Balances, Statements], effects: [notes] })
    const app = await Reprise.start(busy, quietly(url, { healthPort: 0 }))
    const accounts = ['a', 'b', 'c', 'd', 'e', 'f']
    await Promise.all(accounts.map((it) => openAndDeposit(app, it)))
    await Promise.all([app.health(), app.health()])
    await waitFor(() => acted.length > 0, { what: 'an effect' })

    await ask(url, TERMINATE_OTHERS)

    await waitFor(() => new Set(acted).size === accounts.length, { what: 'all effects', deadline: 20_000 })
    await waitFor(async () => (await app.health()).lag.total === 0, { what: 'all to be applied' })
    await app.stop()
    await nextTurn()
    expect(warnings).toEqual([])
  })
})

const TERMINATE_OTHERS = `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()`

async function openAndDeposit(app: App, accountId: string): Promise<void> {
  await app.execute(new OpenAccount({ accountId, owner: 'Ada' }))
  await app.execute(new DepositMoney({ accountId, amount: 5n }))
}
