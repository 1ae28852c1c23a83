import { beforeEach, describe, expect, it } from 'vitest'
import {
  type App,
  type AppDefinition,
  defineApp,
  long,
  Projection,
  Projects,
  Reprise,
  type Row,
  string,
  TableProjection,
} from 'reprise'
import { acceptBuild } from '../../src/projections/acceptance.js'
import {
  Account,
  bank,
  DepositMoney,
  MoneyDeposited,
  MoneyWithdrawn,
  WithdrawMoney,
} from '../support/bank.js'
import { openAccounts } from '../support/load.js'
import {
  foldedBalances,
  quietly,
  ReadSide,
  rebuildOf,
  shownBalances,
  useFreshDatabases,
} from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

const start = (app: AppDefinition): Promise<App> => Reprise.start(app, quietly(url))

async function accept(app: AppDefinition) {
  await using side = await ReadSide.open(url, app)
  return await acceptBuild(side.parts('balances'), { by: 'ada' })
}

/** Balances that appends write; the buggy ones have a coin too much of each deposit. */
function inlineBalances(isBuggy: boolean): AppDefinition {
  const columns = { account_id: string(), balance: long(0n) }
  @Projection({ name: 'balances', version: 1, from: [Account], inline: true })
  class Exact extends TableProjection({ table: 'balances', key: 'account_id', columns }) {
    @Projects(MoneyDeposited)
    deposited({ amount }: MoneyDeposited, row: Row<typeof Exact>) {
      row.balance += amount
    }
  }
  @Projection({ name: 'balances', version: 1, from: [Account], inline: true })
  class Generous extends TableProjection({ table: 'balances', key: 'account_id', columns }) {
    @Projects(MoneyDeposited)
    deposited({ amount }: MoneyDeposited, row: Row<typeof Generous>) {
      row.balance += amount + 1n
    }
  }
  return defineApp({ ...bank, projections: [isBuggy ? Generous : Exact] })
}

describe('an older build of an inline projection', () => {
  it('has its commands refused once a generation of a newer one is written, and so writes nothing into it', async () => {
    const [old, fixed] = [true, false].map((isBuggy) => inlineBalances(isBuggy))
    if (old === undefined || fixed === undefined) throw new Error('there are two')
    await using app = await start(old)
    await openAccounts(app, 1, 2)
    {
      await using newer = await start(fixed)
      await newer.execute(new DepositMoney({ accountId: 'acc-0', amount: 10n }))
    }
    expect(await shownBalances(url)).toEqual({ 'acc-0': '15' })

    await rebuildOf(url, 'balances', { app: fixed })

    await expect(app.execute(new DepositMoney({ accountId: 'acc-0', amount: 10n }))).rejects.toThrow(
      'this is an older release',
    )
    await using newer = await start(fixed)
    await newer.execute(new DepositMoney({ accountId: 'acc-0', amount: 100n }))
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
  })
})

describe('a build of an inline projection that handles more', () => {
  it('cannot be accepted, since writers under way would pass its events by, and comes with a rebuild', async () => {
    const columns = { account_id: string(), balance: long(0n) }
    @Projection({ name: 'balances', version: 1, from: [Account], inline: true })
    class Moved extends TableProjection({ table: 'balances', key: 'account_id', columns }) {
      @Projects(MoneyDeposited)
      deposited({ amount }: MoneyDeposited, row: Row<typeof Moved>) {
        row.balance += amount
      }
      @Projects(MoneyWithdrawn)
      withdrawn({ amount }: MoneyWithdrawn, row: Row<typeof Moved>) {
        row.balance -= amount
      }
    }
    const grown = defineApp({ ...bank, projections: [Moved] })
    await using old = await start(inlineBalances(false))
    await openAccounts(old, 1, 2)
    const refusal = /was built without MoneyWithdrawn; run reprise projection rebuild balances$/m

    await expect(accept(grown)).rejects.toThrow(refusal)
    await expect(start(grown)).rejects.toThrow(refusal)

    await old.execute(new WithdrawMoney({ accountId: 'acc-0', amount: 1n }))
    await rebuildOf(url, 'balances', { app: grown })
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
    await expect(old.execute(new WithdrawMoney({ accountId: 'acc-0', amount: 1n }))).rejects.toThrow(
      'was built with MoneyWithdrawn, which the code does not handle',
    )
  })
})
