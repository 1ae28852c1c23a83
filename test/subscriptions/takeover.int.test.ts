import { beforeEach, describe, expect, it } from 'vitest'
import { type App, Reprise } from 'reprise'
import { compose } from '../../src/app/composition.js'
import { TOKENS } from '../../src/app/tokens.js'
import { Balances, bank, DepositMoney } from '../support/bank.js'
import { startBankProcess } from '../support/bank-process.js'
import { caughtUpAll } from '../support/bank-facts.js'
import { DatabaseProxy } from '../support/database-proxy.js'
import { Load, openAccounts } from '../support/load.js'
import type { ModuleProcess } from '../support/module-process.js'
import {
  ask,
  foldedBalances,
  quietly,
  ReadSide,
  shownBalances,
  useFreshDatabases,
} from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

/** An app in a process of its own. It says `runs`, and then `applied` whenever more events were applied than before. */
async function startAppProcess(): Promise<ModuleProcess> {
  const process = await startBankProcess(
    `
const app = await Reprise.start(bank, { databaseUrl: process.env.TEST_URL, log: 'postgres', lease: 1000, logLevel: 'silent' })
console.log('runs')
let seen = 0
setInterval(() => {
  const { balances } = app.counters.applied
  if (balances > seen) console.log('applied')
  seen = balances
}, 5)
process.stdin.once('data', async () => { await app.stop(); process.exit(0) })
`,
    { TEST_URL: url },
  )
  if ((await process.nextLine()) !== 'runs') throw new Error('it does not run')
  return process
}

/** Lanes of the balances by the member that holds them. */
async function owners(): Promise<ReadonlyMap<string, number>> {
  const rows = await ask<{ owner: string; lanes: number }>(
    url,
    `SELECT owner, count(*)::int AS lanes FROM reprise_read.leases
     WHERE scope LIKE 'bank.balances.g1 %' AND expires_at > clock_timestamp() GROUP BY owner`,
  )
  return new Map(rows.map(({ owner, lanes }) => [owner, lanes]))
}

/** Statement lines that were written, and events they were written for: nothing twice, nothing missing. */
async function expectEveryLineOnce(): Promise<void> {
  const [lines] = await ask(url, 'SELECT count(*)::int AS lines FROM bank.statement_lines')
  const [events] = await ask(
    url,
    `SELECT count(*)::int AS lines FROM reprise_store.events WHERE type <> 'AccountOpened'`,
  )
  expect(lines).toEqual(events)
}

const allLines = (): Promise<true> =>
  waitFor(
    async () => {
      await expectEveryLineOnce()
      return true as const
    },
    { what: 'all statement lines' },
  )

describe('a process that applies events', () => {
  it('and is killed at any moment has applied each event once or not at all', async () => {
    {
      await using app = await Reprise.start(bank, quietly(url))
      await openAccounts(app, 12, 50)
    }
    // All of it again, so that there is something to be killed at.
    await ask(
      url,
      `DO $$ BEGIN
         TRUNCATE bank_balances_g1.balances, bank_statements_g1.statement_lines, reprise_read.guards;
         UPDATE reprise_read.checkpoints SET next_offset = 0, last_event_id = NULL;
       END $$`,
    )
    for (let kill = 0; kill < 4; kill++) {
      const process = await startAppProcess()
      for (let applied = Math.floor(Math.random() * 3); applied > 0; applied--)
        await Promise.race([process.nextLine(), waitFor(allDone, { what: 'the end', deadline: 20_000 })])
      await process.kill('SIGKILL')
      expect(await rowsThatGuardsDeny()).toEqual([])
    }

    await using app = await Reprise.start(bank, quietly(url))
    await caughtUpAll(app, url)
    await allLines()
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
  }, 60_000)

  it('shares the lanes with others, which take over when it stops, and within two leases when it is killed', async () => {
    const process = await startAppProcess()
    await using app = await Reprise.start(bank, quietly(url))
    await waitFor(async () => [...(await owners()).values()].join() === '2,2', { what: 'two lanes for each' })
    const accounts = await openAccounts(app, 12, 3)
    await caughtUpAll(app, url)
    const load = Load.on(app, accounts, 1)

    await process.kill('SIGKILL')
    const killed = performance.now()
    await waitFor(async () => [...(await owners()).values()].join() === '4', {
      what: 'a take-over',
      deadline: 5_000,
    })
    expect(performance.now() - killed).toBeLessThan(2_000)
    await caughtUpAll(app, url)
    const successor = await startAppProcess()
    await waitFor(async () => [...(await owners()).values()].join() === '2,2', { what: 'two lanes for each' })
    successor.send('stop')
    expect(await successor.ended).toBe(0)
    const stopped = performance.now()
    await waitFor(async () => [...(await owners()).values()].join() === '4', { what: 'a take-over' })
    expect(performance.now() - stopped).toBeLessThan(1_000)
    await load.end()
    await caughtUpAll(app, url)
    await allLines()
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
  })

  it('that is paused for longer than its lease commits nothing of what it held', async () => {
    const process = await startAppProcess()
    await using app = await Reprise.start(bank, quietly(url))
    await waitFor(async () => [...(await owners()).values()].join() === '2,2', { what: 'two lanes for each' })
    const accounts = await openAccounts(app, 12, 3)
    const load = Load.on(app, accounts, 2)
    globalThis.process.kill(process.pid, 'SIGSTOP')
    await waitFor(async () => [...(await owners()).values()].join() === '4', { what: 'a take-over' })
    globalThis.process.kill(process.pid, 'SIGCONT')

    await waitFor(async () => [...(await owners()).values()].join() === '2,2', { what: 'two lanes for each' })
    await load.end()
    await caughtUpAll(app, url)
    await allLines()

    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
    await process.kill('SIGKILL')
  })
})

describe('a projection whose connections break', () => {
  const breakConnections = (): Promise<unknown> =>
    ask(
      url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'bank read'`,
    )

  it('again and again goes on by itself, and loses and doubles nothing', async () => {
    await using app = await Reprise.start(bank, quietly(url))
    const accounts = await openAccounts(app, 12, 2)
    const load = Load.on(app, accounts, 2)
    for (let broken = 0, before = 0; broken < 8; broken++, before = load.accepted) {
      await waitFor(() => load.accepted > before + 10, { what: 'some business' })
      await breakConnections()
    }
    await load.end()

    await caughtUpAll(app, url)
    await allLines()

    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
    expect(await ask(url, 'SELECT DISTINCT state FROM reprise_read.generations')).toEqual([
      { state: 'running' },
    ])
  })

  it('waits for a database that is out of reach, and goes on when it is back', async () => {
    const proxy = await DatabaseProxy.before(url)
    try {
      await using app = await Reprise.start(bank, quietly(proxy.url))
      await openAccounts(app, 4, 2)
      await caughtUpAll(app, url)
      await using elsewhere = await ReadSide.open(url)
      const bus = compose(elsewhere.installation).get(TOKENS.commandBus)

      proxy.shut()
      const receipt = await bus.execute(new DepositMoney({ accountId: 'acc-0', amount: 5n }))
      const waiting = app.projections.caughtUp(Balances, receipt, { timeout: '20s' })
      await waitFor(
        async () =>
          (
            await ask(
              url,
              "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'bank read'",
            )
          ).length <= 1,
        { what: 'its connections to end' },
      )
      proxy.reopen()
      await waiting

      expect(await shownBalances(url)).toEqual(await foldedBalances(url))
    } finally {
      await proxy.close()
    }
  })

  it('does not keep caughtUp from its answer', async () => {
    await using app: App = await Reprise.start(bank, quietly(url))
    await openAccounts(app, 1, 1)
    const receipt = await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 5n }))
    const later = { ...receipt, version: receipt.version + 1 }
    const waiting = app.projections.caughtUp(Balances, later, { timeout: '20s' })
    for (let broken = 0; broken < 5; broken++) await breakConnections()

    await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 5n }))

    await waiting
  })
})

/** Rows that are not what the events make them that the guards say were applied: looked up in one snapshot. */
function rowsThatGuardsDeny(): Promise<readonly unknown[]> {
  return ask(
    url,
    `SELECT * FROM (
       SELECT e.stream_id AS id, sum(coalesce((e.payload->>'amount')::bigint, 0)) AS balance
       FROM reprise_store.events e
       JOIN reprise_read.guards g
         ON g.projection = 'balances' AND g.stream = 'account-' || e.stream_id AND e.version <= g.version
       GROUP BY e.stream_id
     ) guarded FULL JOIN (SELECT account_id AS id, balance FROM bank.balances) shown USING (id)
     WHERE guarded.balance IS DISTINCT FROM shown.balance`,
  )
}

async function allDone(): Promise<boolean> {
  const [row] = await ask<{ applied: boolean }>(
    url,
    `SELECT count(*) = 12 AND min(version) = 51 AS applied FROM reprise_read.guards WHERE projection = 'balances'`,
  )
  return row?.applied === true
}
