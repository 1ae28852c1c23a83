import pg from 'pg'
import { beforeEach, describe, expect, it } from 'vitest'
import { type App, Reprise, TimedOut } from 'reprise'
import type { RebuildOptions, RebuildResult } from '../../src/projections/rebuild.js'
import { Balances, bank, DepositMoney } from '../support/bank.js'
import { caughtUpAll, generationSchemas, generationsOfBalances } from '../support/bank-facts.js'
import { openAccounts } from '../support/load.js'
import { planted } from '../support/parked-letters.js'
import {
  ask,
  foldedBalances,
  quietly,
  Reader,
  ReadSide,
  rebuildOf,
  shownBalances,
  useFreshDatabases,
} from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

const WHOLE = 'SELECT count(*)::int AS rows, sum(balance)::int AS sum FROM bank.balances'
interface Whole {
  readonly rows: number
  readonly sum: number
}

/** Six accounts with 55 each. */
const six: Whole = { rows: 6, sum: 330 }

/** The bank with six accounts, all applied. */
async function start(): Promise<App> {
  const app = await Reprise.start(bank, quietly(url))
  await openAccounts(app, 6, 10)
  await caughtUpAll(app, url)
  return app
}

/** A reader whose transaction sees the database as it is now. It has not read the view yet. */
async function snapshot(name: string, at = url): Promise<Reader> {
  const reader = await Reader.open(at, name)
  await reader.rows('BEGIN ISOLATION LEVEL REPEATABLE READ')
  await reader.rows('SELECT count(*) FROM pg_class')
  return reader
}

/** A rebuild under way, and what it says it is waiting for. */
class Rebuilding {
  readonly waitingFor: string[] = []
  readonly result: Promise<RebuildResult>

  constructor(options: RebuildOptions = {}, at = url) {
    const onProgress: RebuildOptions['onProgress'] = ({ waitingFor = [] }) =>
      this.waitingFor.push(...waitingFor)
    this.result = rebuildOf(at, 'balances', { swapTimeout: 10_000, ...options, onProgress })
    // Awaited later: until then its failure is nobody's.
    this.result.catch(() => undefined)
  }

  async waits(what: string): Promise<void> {
    await waitFor(() => this.waitingFor.some((readers) => readers.includes(what)), {
      what: `a wait for ${what}`,
    })
  }
}

describe('readers of a projection that is rebuilt', () => {
  it('never see fewer rows or a smaller sum than before, nor two generations in one transaction', async () => {
    await using app = await start()
    let ending = false
    const deposit = async (worker: number): Promise<void> => {
      for (let turn = worker; !ending; turn++)
        await app.execute(new DepositMoney({ accountId: `acc-${turn % 6}`, amount: 1n }))
    }
    const poll = async (): Promise<number> => {
      await using reader = await Reader.open(url)
      let before: Whole = { rows: 0, sum: 0 }
      let looks = 0
      for (; !ending; looks++) {
        const now = await reader.one<Whole & pg.QueryResultRow>(WHOLE)
        if (now.rows < before.rows || now.sum < before.sum)
          throw new Error(`${JSON.stringify(now)} after ${JSON.stringify(before)}`)
        before = now
      }
      return looks
    }
    const pollTransactions = async (): Promise<number> => {
      await using reader = await Reader.open(url)
      let before: Whole = { rows: 0, sum: 0 }
      let looks = 0
      for (; !ending; looks++) {
        await reader.rows('BEGIN ISOLATION LEVEL REPEATABLE READ')
        // The snapshot is taken here, and the view opened later: a swap may come between.
        await reader.rows('SELECT count(*) FROM generate_series(1, 100000)')
        const first = await reader.one<Whole & pg.QueryResultRow>(WHOLE)
        const second = await reader.one<Whole & pg.QueryResultRow>(WHOLE)
        await reader.rows('COMMIT')
        expect(second).toEqual(first)
        if (first.rows < before.rows || first.sum < before.sum)
          throw new Error(`${JSON.stringify(first)} after ${JSON.stringify(before)}`)
        before = first
      }
      return looks
    }
    const business = [deposit(0), deposit(3)]
    const readers = [poll(), pollTransactions(), pollTransactions()]

    for (const from of ['log', 'store', 'log', 'store'] as const) await rebuildOf(url, 'balances', { from })

    ending = true
    const looks = await Promise.all(readers)
    await Promise.all(business)
    await caughtUpAll(app, url)
    expect(Math.min(...looks)).toBeGreaterThan(10)
    expect(await generationsOfBalances(url)).toEqual({ live: 5, building: null, all: [4, 5] })
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
  })

  it('with an older snapshot are waited for, by name; they see the old generation whole', async () => {
    await using app = await start()
    await using reader = await snapshot('monthly report')
    const rebuilding = new Rebuilding()

    await rebuilding.waits('monthly report of postgres (pid ')
    expect(await generationsOfBalances(url)).toMatchObject({ live: 1, building: 2 })
    expect(await reader.one(WHOLE)).toEqual(six)
    await reader.rows('COMMIT')
    await rebuilding.result

    expect(await generationsOfBalances(url)).toMatchObject({ live: 2 })
    expect(await reader.one(WHOLE)).toEqual(six)
    await caughtUpAll(app, url)
  })

  it('with a snapshot from before the rebuild came level do not see what was not there then', async () => {
    await using app = await start()
    let reader: Reader | undefined
    const rebuilding = new Rebuilding({
      onPlan: async () => {
        reader = await snapshot('early bird')
      },
    })
    await rebuilding.waits('early bird')

    // Had the swap not waited, the view would lead this snapshot into a table that was empty at its time.
    expect(await reader?.one(WHOLE)).toEqual(six)
    await reader?.[Symbol.asyncDispose]()
    await rebuilding.result
    await caughtUpAll(app, url)
  })

  it('are not shown a generation that came to letters while it waited for them', async () => {
    await using app = await start()
    await using reader = await snapshot('monthly report')
    const rebuilding = new Rebuilding()
    await rebuilding.waits('monthly report of postgres (pid ')
    await using side = await ReadSide.open(url)
    const record = {
      topic: 'bank.account',
      partition: 0,
      offset: 999n,
      key: 'x',
      headers: {},
      value: null,
      timestamp: new Date(),
    }
    const letter = { record, event: undefined, sequenceKey: undefined, failure: planted }

    const { checkpoints } = side.parts('balances')
    await checkpoints.backfill({ name: 'balances', generation: 2 }, ({ parking }) => parking.park([letter]))
    await reader.rows('COMMIT')

    await expect(rebuilding.result).rejects.toThrow('1 event is parked in generation 2')
    expect(await generationsOfBalances(url)).toMatchObject({ live: 1, building: null })
    await caughtUpAll(app, url)
  })

  it('with a newer snapshot are not waited for, though an old writing transaction holds everybody back', async () => {
    await using app = await start()
    await ask(url, 'CREATE TABLE elsewhere (id int)')
    await using writer = await Reader.open(url, 'idle writer')
    await writer.rows('BEGIN')
    await writer.rows('INSERT INTO elsewhere VALUES (1)')
    await using old = await snapshot('old reader')
    const rebuilding = new Rebuilding()
    await rebuilding.waits('old reader')
    await using young = await snapshot('young reader')

    await old.rows('COMMIT')
    await rebuilding.result

    expect(rebuilding.waitingFor.join()).not.toContain('young reader')
    expect(rebuilding.waitingFor.join()).not.toContain('idle writer')
    expect(await young.one(WHOLE)).toEqual(six)
    await young.rows('COMMIT')
    await writer.rows('COMMIT')
    await caughtUpAll(app, url)
  })

  it('that hold the view in an open transaction are waited for, by name', async () => {
    await using app = await start()
    await using reader = await Reader.open(url, 'forgotten shell')
    await reader.rows('BEGIN')
    await reader.one(WHOLE)
    const rebuilding = new Rebuilding()

    await rebuilding.waits('forgotten shell')
    expect(await generationsOfBalances(url)).toMatchObject({ live: 1, building: 2 })
    await reader.rows('COMMIT')

    await rebuilding.result
    await caughtUpAll(app, url)
  })

  it('that do not make way end the rebuild: the old generation goes on, and nothing is left of the new one', async () => {
    await using app = await start()
    await using reader = await snapshot('stubborn reader')

    const failure: unknown = await rebuildOf(url, 'balances', { swapTimeout: 400 }).catch(
      (error: unknown) => error,
    )

    expect(failure).toBeInstanceOf(TimedOut)
    expect(String(failure)).toContain('stubborn reader of postgres (pid ')
    expect(await generationsOfBalances(url)).toEqual({ live: 1, building: null, all: [1] })
    expect(await generationSchemas(url)).toEqual(['bank_balances_g1', 'bank_statements_g1'])
    const receipt = await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 5n }))
    await app.projections.caughtUp(Balances, receipt)
    expect(await reader.one(WHOLE)).toEqual(six)
  })

  it('do not see the old generation run ahead while the swap waits; it goes on with the new one afterwards', async () => {
    await using app = await start()
    await using reader = await snapshot('slow reader')
    const rebuilding = new Rebuilding()
    await rebuilding.waits('slow reader')

    const receipt = await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 5n }))
    await expect(app.projections.caughtUp(Balances, receipt, { timeout: 300 })).rejects.toThrow(TimedOut)
    expect(await ask(url, WHOLE)).toEqual([six])
    await reader.rows('COMMIT')
    await rebuilding.result
    await app.projections.caughtUp(Balances, receipt)

    expect(await ask(url, WHOLE)).toEqual([{ rows: 6, sum: 335 }])
  })

  it('keep their prepared statements, on pooled connections', async () => {
    await using app = await start()
    const pool = new pg.Pool({ connectionString: url, max: 1 })
    const prepared = { name: 'whole', text: WHOLE }
    const before = await pool.query(prepared)
    await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 5n }))
    await caughtUpAll(app, url)

    await rebuildOf(url, 'balances')
    const after = await pool.query(prepared)
    await pool.end()

    expect(before.rows).toEqual([six])
    expect(after.rows).toEqual([{ rows: 6, sum: 335 }])
  })

  it('keep their grants, and the views that they built on ours', async () => {
    await using app = await start()
    const role = new URL(url).pathname.slice(1).replace('test', 'clerk')
    await ask(url, `CREATE ROLE ${role}`)
    await ask(url, `GRANT USAGE ON SCHEMA bank TO ${role}`)
    await ask(url, `GRANT SELECT ON bank.balances TO ${role}`)
    await ask(url, 'CREATE VIEW totals AS SELECT sum(balance)::int AS total FROM bank.balances')
    await ask(url, `GRANT SELECT ON totals TO ${role}`)
    await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 5n }))
    await caughtUpAll(app, url)

    await rebuildOf(url, 'balances')
    await rebuildOf(url, 'balances')

    {
      await using clerk = await Reader.open(url)
      await clerk.rows(`SET ROLE ${role}`)
      expect(await clerk.one(WHOLE)).toEqual({ rows: 6, sum: 335 })
      expect(await clerk.one('SELECT total FROM totals')).toEqual({ total: 335 })
    }
    await ask(url, `DROP OWNED BY ${role}`)
    await ask(url, `DROP ROLE ${role}`)
  })
})

describe('a role that may not see what other roles do', () => {
  it('waits for their sessions that could be older readers, and names the grant that would tell', async () => {
    // The role is to own what it makes.
    url = await freshDatabase({ migrated: false })
    const role = new URL(url).pathname.slice(1).replace('test', 'modest')
    await ask(url, `CREATE ROLE ${role} LOGIN PASSWORD 'modest'`)
    await ask(url, `GRANT ALL ON DATABASE ${new URL(url).pathname.slice(1)} TO ${role}`)
    const modest = new URL(url)
    modest.username = role
    modest.password = 'modest'
    {
      await using app = await Reprise.start(bank, quietly(modest.href))
      await openAccounts(app, 6, 10)
      await caughtUpAll(app, url)
      await using reader = await snapshot('hidden reader')

      const failure: unknown = await rebuildOf(modest.href, 'balances', { swapTimeout: 300 }).catch(
        (error: unknown) => error,
      )
      expect(failure).toBeInstanceOf(TimedOut)
      expect(String(failure)).toMatch(/hidden reader of postgres.*GRANT pg_read_all_stats/)
      expect(await reader.one(WHOLE)).toEqual(six)
      await reader.rows('COMMIT')

      await rebuildOf(modest.href, 'balances')
      expect(await ask(url, WHOLE)).toEqual([six])
    }
    await ask(url, `DROP OWNED BY ${role} CASCADE`)
    await ask(url, `DROP ROLE ${role}`)
  })
})
