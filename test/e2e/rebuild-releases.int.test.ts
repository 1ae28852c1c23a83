import { beforeEach, describe, expect, it } from 'vitest'
import { type App, RebuildRefused, Reprise } from 'reprise'
import { planRebuild, type RebuildPlan } from '../../src/projections/rebuild.js'
import { Balances, bank, DepositMoney, OpenAccount } from '../support/bank.js'
import { caughtUpAll, generationSchemas, generationsOfBalances } from '../support/bank-facts.js'
import {
  IssueCard,
  NarrowBalances,
  narrow,
  raised,
  RaisedBalances,
  StatementsWithCards,
  widened,
  widerStatements,
  withCards,
} from '../support/bank-releases.js'
import { openAccounts } from '../support/load.js'
import {
  ask,
  foldedBalances,
  quietly,
  ReadSide,
  rebuildOf,
  shownBalances,
  useFreshDatabases,
} from '../support/read-side.js'
import { leftToOthers, RecordingLogger } from '../support/recording-logger.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

const start = (app = bank): Promise<App> => Reprise.start(app, quietly(url))

describe('a projection whose definition changed', () => {
  it('is refused at the start when it handles another event, until it is rebuilt', async () => {
    {
      await using app = await start(narrow)
      await openAccounts(app, 3, 5)
    }
    await expect(start()).rejects.toThrow(
      'projection balances: generation 1 was built without MoneyWithdrawn; run reprise projection rebuild balances',
    )

    await rebuildOf(url, 'balances')

    await using app = await start()
    const receipt = await app.execute(new OpenAccount({ accountId: 'x', owner: 'Bob' }))
    await app.projections.caughtUp(Balances, receipt)
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
  })

  it('is not fed any more by a running build that does not handle all of it: it says so, and leaves it to others', async () => {
    const logger = new RecordingLogger()
    await using old = await Reprise.start(narrow, quietly(url, { logger }))
    await openAccounts(old, 3, 5)
    await waitFor(async () => Object.keys(await shownBalances(url)).length === 3, { what: 'rows' })

    await rebuildOf(url, 'balances')
    await waitFor(() => leftToOthers(logger).length > 0, { what: 'the old build to notice' })
    await old.execute(new DepositMoney({ accountId: 'acc-0', amount: 5n }))

    expect(leftToOthers(logger)).toEqual([
      expect.objectContaining({
        facts: expect.objectContaining({
          projection: 'balances',
          generation: 2,
          error: expect.stringContaining(
            'was built with MoneyWithdrawn, which the code does not handle',
          ) as string,
        }) as object,
      }),
    ])
    await using app = await start()
    await caughtUpAll(app, url)
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
    const receipt = await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 5n }))
    await old.projections.caughtUp(NarrowBalances, receipt)
  })

  it('is refused at the start when its version was raised, and goes on after a rebuild', async () => {
    {
      await using app = await start()
      await openAccounts(app, 2, 2)
    }
    await expect(start(raised)).rejects.toThrow('was built as version 1, the code declares 2')

    await rebuildOf(url, 'balances', { app: raised })

    await using app = await start(raised)
    const receipt = await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 5n }))
    await app.projections.caughtUp(RaisedBalances, receipt)
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
    const logger = new RecordingLogger()
    await using back = await Reprise.start(bank, quietly(url, { logger }))
    expect(leftToOthers(logger).map(({ facts }) => facts)).toEqual([
      expect.objectContaining({
        projection: 'balances',
        error: expect.stringContaining('was built as version 2 by a newer release') as string,
      }),
    ])
    await back.projections.caughtUp(
      Balances,
      await back.execute(new DepositMoney({ accountId: 'acc-0', amount: 1n })),
    )
  })

  it('cannot be rebuilt over other columns, and nothing is left of the attempt', async () => {
    {
      await using app = await start()
      await openAccounts(app, 2, 2)
      await caughtUpAll(app, url)
    }

    await expect(start(widened)).rejects.toThrow('a rebuild over changed columns does not exist yet')
    const planned: RebuildPlan[] = []
    const rebuilding = rebuildOf(url, 'balances', { app: widened, onPlan: (plan) => void planned.push(plan) })
    await expect(rebuilding).rejects.toThrow(
      /its columns changed.*give the projection a new name and its tables new names.*\n.*balances \(/,
    )
    expect(planned).toEqual([])

    expect(await generationSchemas(url)).toEqual(['bank_balances_g1', 'bank_statements_g1'])
    expect(await generationsOfBalances(url)).toEqual({ live: 1, building: null, all: [1] })
    await using app = await start()
    const receipt = await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 5n }))
    await app.projections.caughtUp(Balances, receipt)
  })

  it('is refused by the plan of a rebuild already when its columns changed, in either style', async () => {
    await (await start()).stop()
    const before = await generationSchemas(url)
    await using side = await ReadSide.open(url, widened)
    await using wider = await ReadSide.open(url, widerStatements)

    await expect(planRebuild(side.parts('balances'))).rejects.toThrow(RebuildRefused)
    await expect(planRebuild(side.parts('balances'))).rejects.toThrow('its columns changed')
    await expect(planRebuild(wider.parts('statements'))).rejects.toThrow(/its columns changed[^]*note text/)

    expect(await generationSchemas(url)).toEqual(before)
  })

  it('gets the lanes of a source that was added with the rebuild, and is fed from them', async () => {
    {
      await using app = await start()
      await openAccounts(app, 2, 2)
    }
    await expect(start(withCards)).rejects.toThrow('was built without CardIssued')

    await rebuildOf(url, 'statements', { app: withCards })

    await using app = await start(withCards)
    const receipt = await app.execute(new IssueCard({ cardId: 'c1', accountId: 'acc-0' }))
    await app.projections.caughtUp(StatementsWithCards, receipt)
    expect(
      await ask(
        url,
        `SELECT amount::text FROM bank.statement_lines WHERE account_id = 'acc-0' ORDER BY version`,
      ),
    ).toEqual([{ amount: '1' }, { amount: '2' }, { amount: '0' }])
  })
})
