import { beforeEach, describe, expect, it } from 'vitest'
import { type App, ProjectionStopped, RebuildInProgress, RebuildRefused, Reprise } from 'reprise'
import type { ProjectionParts } from '../../src/projections/projection-feed.js'
import {
  planRebuild,
  rebuild,
  type RebuildPlan,
  type RebuildProgress,
} from '../../src/projections/rebuild.js'
import type { ReadTransaction } from '../../src/subscriptions/postgres/index.js'
import { Balances, bank, DepositMoney, Statements } from '../support/bank.js'
import { bankWith } from '../support/bank-variants.js'
import { caughtUpAll, generationSchemas, generationsOfBalances } from '../support/bank-facts.js'
import { Load, openAccounts } from '../support/load.js'
import {
  ask,
  foldedBalances,
  quietly,
  ReadSide,
  rebuildOf,
  shownBalances,
  useFreshDatabases,
} from '../support/read-side.js'
import { lettersIn } from '../support/hand-fed.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

/** It forgets every seventh deposit. */
const buggy = bankWith((event, row) => {
  if (event.amount % 7n === 0n) row.balance -= event.amount
})

const start = (app = bank): Promise<App> => Reprise.start(app, quietly(url))

/** Deletes so many records at the beginning of each partition. */
async function deleteRecords(count: bigint): Promise<void> {
  await using side = await ReadSide.open(url)
  const { topics } = side.installation.log
  for (const { partition } of await topics.offsets('bank.account'))
    await topics.deleteBefore('bank.account', partition, count)
}

describe('a rebuild', () => {
  it('replays the topic where it begins at the first event, and says so; the generation before is kept', async () => {
    await using app = await start()
    await openAccounts(app, 8, 5)
    await caughtUpAll(app, url)
    const plans: RebuildPlan[] = []

    const first = await rebuildOf(url, 'balances', { onPlan: (plan) => void plans.push(plan) })

    expect(plans).toEqual([
      {
        projection: 'balances',
        live: 1,
        building: 2,
        source: 'log',
        reason: 'the topic begins at the first event',
        events: 48,
        fedBy: [expect.objectContaining({ stopsAtSwap: false })],
      },
    ])
    expect(first).toMatchObject({ generation: 2, previous: 1, source: 'log', events: 48, dropped: [] })
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
    expect(await shownBalances(url, 'bank_balances_g1.balances')).toEqual(await foldedBalances(url))

    const second = await rebuildOf(url, 'balances')

    expect(second).toMatchObject({ generation: 3, previous: 2, dropped: [1] })
    expect(await generationSchemas(url)).toEqual([
      'bank_balances_g2',
      'bank_balances_g3',
      'bank_statements_g1',
    ])
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
  })

  it('writes a SQL projection into the schema of the new generation', async () => {
    await using app = await start()
    await openAccounts(app, 4, 6)
    await caughtUpAll(app, url)
    const lines =
      'SELECT account_id, version, amount::text FROM bank.statement_lines ORDER BY account_id, version'
    const before = await waitFor(
      async () => {
        const rows = await ask(url, lines)
        return rows.length === 24 && rows
      },
      { what: 'all lines' },
    )

    await rebuildOf(url, 'statements')

    expect(await ask(url, lines)).toEqual(before)
    expect(await ask(url, lines.replace('bank.', 'bank_statements_g2.'))).toEqual(before)
    const receipt = await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 5n }))
    await app.projections.caughtUp(Statements, receipt)
    expect(await ask(url, lines)).toHaveLength(25)
    expect(await ask(url, lines.replace('bank.', 'bank_statements_g1.'))).toHaveLength(24)
  })

  it('reads the store where the topic no longer begins at the first event, and says so', async () => {
    await using app = await start()
    await openAccounts(app, 8, 5)
    await caughtUpAll(app, url)
    await deleteRecords(3n)
    const plans: RebuildPlan[] = []

    await expect(rebuildOf(url, 'balances', { from: 'log' })).rejects.toThrow(RebuildRefused)
    const result = await rebuildOf(url, 'balances', { onPlan: (plan) => void plans.push(plan) })

    expect(plans[0]).toMatchObject({
      source: 'store',
      reason: 'the topic no longer begins at the first event',
      events: 48,
    })
    expect(result).toMatchObject({ source: 'store', generation: 2, events: 48 })
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
    const receipt = await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 5n }))
    await app.projections.caughtUp(Balances, receipt)
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
  })

  it('reads the store where the topic was made anew, however it has grown since, and is fed from there on', async () => {
    {
      await using app = await start()
      await openAccounts(app, 4, 2, 'old')
      await caughtUpAll(app, url)
    }
    await using side = await ReadSide.open(url)
    await side.installation.log.topics.delete(['bank.account'])
    await using app = await start()
    await openAccounts(app, 16, 9, 'new')
    await expect(caughtUpAll(app, url)).rejects.toThrow(ProjectionStopped)

    expect(await planRebuild(side.parts('balances'))).toMatchObject({
      source: 'store',
      reason: 'the topic holds 160 records, the store 172 events',
    })
    await rebuildOf(url, 'balances')

    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
    await using fixed = await start()
    const receipt = await fixed.execute(new DepositMoney({ accountId: 'old-0', amount: 5n }))
    await fixed.projections.caughtUp(Balances, receipt)
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
  })

  it('repairs what a bug wrote, while the app runs and goes on executing commands', async () => {
    {
      await using app = await start(buggy)
      const accounts = await openAccounts(app, 8, 20)
      await waitFor(async () => Object.keys(await shownBalances(url)).length === accounts.length, {
        what: 'rows',
      })
    }
    await using app = await start()
    const accounts = Object.keys(await foldedBalances(url))
    await caughtUpAll(app, url)
    expect(await shownBalances(url)).not.toEqual(await foldedBalances(url))
    const load = Load.on(app, accounts)
    await waitFor(() => load.accepted > 20, { what: 'some load' })

    const result = await rebuildOf(url, 'balances')

    const during = load.accepted
    await waitFor(() => load.accepted > during + 50, { what: 'load after the swap' })
    await load.end()
    await caughtUpAll(app, url)
    expect(result).toMatchObject({ generation: 2, source: 'log' })
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
    expect(await generationsOfBalances(url)).toEqual({ live: 2, building: null, all: [1, 2] })
  })

  it('from the store repairs under load, too', async () => {
    await using app = await start()
    const accounts = await openAccounts(app, 8, 20)
    await ask(url, 'UPDATE bank_balances_g1.balances SET balance = balance + 1000')
    const load = Load.on(app, accounts)
    await waitFor(() => load.accepted > 20, { what: 'some load' })

    const result = await rebuildOf(url, 'balances', { from: 'store' })

    const during = load.accepted
    await waitFor(() => load.accepted > during + 50, { what: 'load after the swap' })
    await load.end()
    await caughtUpAll(app, url)
    expect(result).toMatchObject({ generation: 2, source: 'store' })
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
  })

  it('is one at a time', async () => {
    await using app = await start()
    await openAccounts(app, 2, 2)
    await caughtUpAll(app, url)
    let rival: Promise<unknown> = Promise.resolve()

    const result = await rebuildOf(url, 'balances', {
      onPlan: async () => {
        rival = rebuildOf(url, 'balances')
        await expect(rival).rejects.toThrow(RebuildInProgress)
        await rebuildOf(url, 'statements')
      },
    })

    expect(result).toMatchObject({ generation: 2 })
  })

  it('that is called off drops what it built, and readers go on with what they had', async () => {
    await using app = await start()
    await openAccounts(app, 4, 4)
    await caughtUpAll(app, url)
    for (const from of ['log', 'store'] as const) {
      const abort = new AbortController()
      const onProgress = () => abort.abort(new Error('called off'))

      await expect(rebuildOf(url, 'balances', { from, signal: abort.signal, onProgress })).rejects.toThrow(
        'called off',
      )

      expect(await generationsOfBalances(url)).toEqual({ live: 1, building: null, all: [1] })
    }
    expect(await generationSchemas(url)).toEqual(['bank_balances_g1', 'bank_statements_g1'])
    const receipt = await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 5n }))
    await app.projections.caughtUp(Balances, receipt)
  })

  it('with a handler that fails parks the event and what comes behind it, refuses to swap, and leaves what is live', async () => {
    await using app = await start()
    await openAccounts(app, 1, 4)
    await caughtUpAll(app, url)
    const failing = bankWith((event) => {
      if (event.amount === 3n) throw new TypeError('planted at 3')
    })

    const fromLog = await rebuildOf(url, 'balances', { app: failing }).catch((error: unknown) => error)
    const fromStore = await rebuildOf(url, 'balances', { app: failing, from: 'store' }).catch(
      (error: unknown) => error,
    )

    for (const failure of [fromLog, fromStore]) {
      expect(failure).toBeInstanceOf(RebuildRefused)
      expect(String(failure)).toMatch(
        /2 events are parked in generation \d, the first one with: planted at 3; .* --allow-parked 2$/,
      )
    }
    expect(await generationsOfBalances(url)).toEqual({ live: 1, building: null, all: [1] })
    const receipt = await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 3n }))
    await app.projections.caughtUp(Balances, receipt)
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
  })

  it.each(['log', 'store'] as const)('from the %s swaps with as many letters as is allowed', async (from) => {
    await using app = await start()
    await openAccounts(app, 2, 4)
    await caughtUpAll(app, url)
    const failing = bankWith((event, { account_id }) => {
      if (event.amount === 3n && account_id === 'acc-0') throw new TypeError('planted at 3')
    })
    await app.stop()

    const result = await rebuildOf(url, 'balances', { app: failing, from, allowParked: 2 })

    expect(result).toMatchObject({ generation: 2 })
    expect(await lettersIn(url, 'balances')).toMatchObject([
      { generation: 2, key: 'account-acc-0', version: 4, class: 'handler' },
      { generation: 2, key: 'account-acc-0', version: 5, class: 'waiting' },
    ])
    const folded = await foldedBalances(url)
    expect((await shownBalances(url))['acc-1']).toBe(folded['acc-1'])
  })

  it('is refused for a projection that was never started', async () => {
    await expect(rebuildOf(url, 'balances')).rejects.toThrow(RebuildRefused)
  })

  it('whose swap was committed, though the answer was lost, is done', async () => {
    await using app = await start()
    await openAccounts(app, 4, 4)
    await caughtUpAll(app, url)
    await using side = await ReadSide.open(url)
    const parts = losingTheAnswerToTheSwap(side.parts('balances'))

    const result = await rebuild(parts)

    expect(result).toMatchObject({ generation: 2 })
    expect(await generationsOfBalances(url)).toEqual({ live: 2, building: null, all: [1, 2] })
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
  })

  it('shows how far it is', async () => {
    await using app = await start()
    await openAccounts(app, 4, 4)
    await caughtUpAll(app, url)
    for (const from of ['log', 'store'] as const) {
      const shown: RebuildProgress[] = []
      await rebuildOf(url, 'balances', { from, onProgress: (progress) => void shown.push(progress) })

      expect(shown.map(({ total }) => total)).toEqual(shown.map(() => 20))
      expect(shown.map(({ done }) => done)).toEqual(shown.map(({ done }) => done).sort((a, b) => a - b))
      expect(shown.at(-1)).toMatchObject({ phase: 'swapped', done: 20 })
    }
  })
})

/** The swap is done, and the connection breaks before anybody hears of it. */
function losingTheAnswerToTheSwap(parts: ProjectionParts<ReadTransaction>): ProjectionParts<ReadTransaction> {
  const generations = new Proxy(parts.generations, {
    get: (target, name) => {
      if (name === 'swap')
        return async (from: number, to: number) => {
          await target.swap(from, to)
          throw new Error('Connection terminated unexpectedly')
        }
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? (member.bind(target) as unknown) : member
    },
  })
  return { ...parts, generations }
}
