import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Reprise } from 'reprise'
import { caughtUpAll } from '../support/bank-facts.js'
import { bank } from '../support/bank.js'
import { openAccounts } from '../support/load.js'
import { ask, foldedBalances, quietly, shownBalances, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
const LEASE = 1_000
const HOUR = 3_600_000

let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})
afterEach(() => {
  vi.useRealTimers()
})

/** How often slots and lanes were taken, by the slot or lane. */
async function epochs(): Promise<readonly unknown[]> {
  const slots = await ask(url, 'SELECT scope, item, epoch FROM reprise_store.relay_slots ORDER BY 1, 2')
  const lanes = await ask(
    url,
    'SELECT projection, topic, partition, epoch FROM reprise_read.checkpoints ORDER BY 1, 2, 3',
  )
  return [slots, lanes]
}

async function databaseClock(): Promise<number> {
  const [row] = await ask<{ now: Date }>(url, 'SELECT clock_timestamp() AS now')
  return row?.now.getTime() ?? NaN
}

describe('a process whose clock jumps', () => {
  it.each([
    ['ahead', HOUR],
    ['back', -HOUR],
  ])('an hour %s keeps what it holds, and publishes and applies everything once', async (_where, jump) => {
    await using app = await Reprise.start(bank, quietly(url, { lease: LEASE }))
    await openAccounts(app, 8, 2)
    await caughtUpAll(app, url)
    const before = await epochs()

    // Date alone: timers run on, as those of a process do whose clock is set.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + jump })
    const jumped = await databaseClock()
    await openAccounts(app, 8, 2, 'late')
    await caughtUpAll(app, url)
    await waitFor(async () => (await databaseClock()) > jumped + 3 * LEASE, {
      what: 'leases to be renewed or lost',
    })

    expect(await epochs()).toEqual(before)
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
    expect(Object.keys(await shownBalances(url))).toHaveLength(16)
  })
})
