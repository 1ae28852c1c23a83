import { beforeEach, describe, expect, it } from 'vitest'
import { Reprise, TimedOut } from 'reprise'
import { bank, DepositMoney } from '../support/bank.js'
import { caughtUpAll } from '../support/bank-facts.js'
import { raised, RaisedBalances } from '../support/bank-releases.js'
import { openAccounts } from '../support/load.js'
import {
  foldedBalances,
  quietly,
  ReadSide,
  rebuildOf,
  shownBalances,
  useFreshDatabases,
} from '../support/read-side.js'
import { RecordingLogger } from '../support/recording-logger.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

describe('a process of a raised version', () => {
  it('that starts while its generation is being built stands by, and says so', async () => {
    await using old = await Reprise.start(bank, quietly(url))
    await openAccounts(old, 2, 2)
    await caughtUpAll(old, url)
    await using side = await ReadSide.open(url, raised)
    const { generations } = side.parts('balances')
    await generations.createBuilding()
    const logger = new RecordingLogger()

    await using app = await Reprise.start(raised, quietly(url, { logger }))

    expect(logger.at('info')).toContainEqual(
      expect.objectContaining({ facts: expect.objectContaining({ awaits: 2, generation: 1 }) as object }),
    )
    const component = async () => (await app.health()).components.find(({ name }) => name === 'balances')
    expect(await component()).toMatchObject({
      state: 'waiting',
      fedHere: false,
      aside: expect.stringContaining('was built as version 1, the code declares 2') as string,
    })
    // Others feed it, and whoever waits here hears of that.
    const applied = await old.execute(new DepositMoney({ accountId: 'acc-0', amount: 5n }))
    await app.projections.caughtUp(RaisedBalances, applied, { timeout: '20s' })
    await caughtUpAll(old, url)
    await old.stop()
    const receipt = await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 5n }))
    const late: unknown = await app.projections
      .caughtUp(RaisedBalances, receipt, { timeout: 200 })
      .catch((error: unknown) => error)
    expect(late).toBeInstanceOf(TimedOut)
    expect((late as TimedOut).message).toMatch(
      /^waited 200 ms for projection balances to apply version \d+ of account-acc-0, which this process leaves to others \(projection balances: generation 1 was built as version 1, the code declares 2; run reprise projection rebuild balances\), in vain/,
    )
    expect((late as TimedOut).facts).toMatchObject({ aside: expect.stringContaining('version 1') as string })

    await generations.drop(2)
    await waitFor(
      () => logger.at('warn').some(({ message }) => message.includes('is not being built any more')),
      {
        what: 'it to notice that the build was given up',
      },
    )

    await rebuildOf(url, 'balances', { app: raised })
    await app.projections.caughtUp(RaisedBalances, receipt, { timeout: '20s' })
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
    await waitFor(async () => (await component())?.state === 'ok', { what: 'health to see it' })
    expect(await component()).toMatchObject({ fedHere: true, aside: null })
  })
})
