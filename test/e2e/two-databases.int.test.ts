import { beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type App,
  defineApp,
  DefinitionError,
  optional,
  Projection,
  Projects,
  Reprise,
  type Row,
  string,
  TableProjection,
} from 'reprise'
import { Account, AccountOpened, Balances, bank, DepositMoney, OpenAccount } from '../support/bank.js'
import { caughtUpAll } from '../support/bank-facts.js'
import { bankWith } from '../support/bank-variants.js'
import { DatabaseProxy } from '../support/database-proxy.js'
import { openAccounts } from '../support/load.js'
import {
  ask,
  foldedBalances,
  quietly,
  rebuildOf,
  shownBalances,
  useFreshDatabases,
} from '../support/read-side.js'
import { silentLogger } from '../support/silent-logger.js'

const freshDatabase = useFreshDatabases()
let store = ''
let read = ''
beforeEach(async () => {
  store = await freshDatabase({ migrated: false })
  read = await freshDatabase({ migrated: false })
})

/** It forgets every seventh deposit. */
const buggy = bankWith((event, row) => {
  if (event.amount % 7n === 0n) row.balance -= event.amount
})

const start = (app = bank, readDatabaseUrl = read): Promise<App> =>
  Reprise.start(app, quietly(store, { readDatabaseUrl }))

async function schemasIn(url: string): Promise<readonly string[]> {
  const rows = await ask<{ name: string }>(
    url,
    `SELECT nspname::text AS name FROM pg_namespace
     WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public') ORDER BY 1`,
  )
  return rows.map(({ name }) => name)
}

const READ_SIDE = ['bank', 'bank_balances_g1', 'bank_statements_g1', 'reprise_read']

@Projection({ name: 'owners', version: 1, from: [Account], inline: true })
class Owners extends TableProjection({
  table: 'owners',
  key: 'account_id',
  columns: { account_id: string(), owner: optional(string()) },
}) {
  @Projects(AccountOpened)
  opened({ owner }: AccountOpened, row: Row<typeof Owners>) {
    row.owner = owner
  }
}

const withInline = defineApp({ ...bank, projections: [Balances, Owners] })

describe('an inline projection', () => {
  it('is refused where the read side is in another database, before anything is made there', async () => {
    const failure = start(withInline)

    await expect(failure).rejects.toBeInstanceOf(DefinitionError)
    await expect(failure).rejects.toThrow(
      /projection owners: it is inline, but READ_DATABASE_URL leads to another/,
    )
    expect([await schemasIn(store), await schemasIn(read)]).toEqual([[], []])
  })

  it('is not refused for another way to the same database', async () => {
    const sameByName = new URL(store)
    sameByName.searchParams.set('application_name', 'the read side')

    await (await start(withInline, sameByName.href)).stop()

    expect(await schemasIn(store)).toEqual(expect.arrayContaining(['reprise_store', 'reprise_read']))
  })
})

describe('an app with a database for each side', () => {
  it('keeps each side in its own, and shows where both are', async () => {
    await using app = await start()
    await openAccounts(app, 3, 2)
    await caughtUpAll(app, store)

    expect(await schemasIn(store)).toEqual(['reprise_store'])
    expect(await schemasIn(read)).toEqual(READ_SIDE)
    expect(app.surroundings.database).toContain(new URL(store).pathname.slice(1))
    expect(app.surroundings.readDatabase).toContain(new URL(read).pathname.slice(1))
    expect(`${app.surroundings.database} ${app.surroundings.readDatabase}`).not.toContain('@')
  })

  it('is told of both by the environment', async () => {
    vi.stubEnv('DATABASE_URL', store)
    vi.stubEnv('READ_DATABASE_URL', read)
    try {
      await using app = await Reprise.start(bank, { log: 'postgres', logger: silentLogger })
      await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
    } finally {
      vi.unstubAllEnvs()
    }

    expect(await schemasIn(store)).toEqual(['reprise_store'])
    expect(await schemasIn(read)).toEqual(READ_SIDE)
  })

  it.each(['log', 'store'] as const)('rebuilds a read model from the %s', async (from) => {
    await (async () => {
      await using app = await start(buggy)
      await openAccounts(app, 8, 7)
    })()
    expect(await shownBalances(read)).not.toEqual(await foldedBalances(store))

    await using app = await start()
    const result = await rebuildOf(store, 'balances', { from, start: { readDatabaseUrl: read } })
    await app.execute(new DepositMoney({ accountId: 'acc-1', amount: 7n }))
    await caughtUpAll(app, store)

    expect(result).toMatchObject({ source: from, generation: 2 })
    expect(await shownBalances(read)).toEqual(await foldedBalances(store))
    expect(await schemasIn(store)).toEqual(['reprise_store'])
  })

  it('takes commands while the read side is away, and brings it level when it is back', async () => {
    const proxy = await DatabaseProxy.before(read)
    try {
      await using app = await start(bank, proxy.url)
      await openAccounts(app, 2, 1)

      proxy.shut()
      const receipt = await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 5n }))
      const waiting = app.projections.caughtUp(Balances, receipt, { timeout: '20s' })
      proxy.reopen()
      await waiting
      await caughtUpAll(app, store)

      expect(await shownBalances(read)).toEqual(await foldedBalances(store))
    } finally {
      await proxy.close()
    }
  })

  it('is taken back to before its first start on both sides', async () => {
    await (await start()).stop()

    const report = await Reprise.reset(bank, quietly(store, { readDatabaseUrl: read }))

    expect(report.schemas).toEqual([...READ_SIDE, 'reprise_store'])
    expect([await schemasIn(store), await schemasIn(read)]).toEqual([[], []])
  })

  it('is reset on neither side where something is built on one of them', async () => {
    await (await start()).stop()
    await ask(read, 'CREATE VIEW overdrawn AS SELECT * FROM bank.balances')

    await expect(Reprise.reset(bank, quietly(store, { readDatabaseUrl: read }))).rejects.toMatchObject({
      code: 'REPRISE_CONFIGURATION',
      setting: 'READ_DATABASE_URL',
    })

    expect([await schemasIn(store), await schemasIn(read)]).toEqual([['reprise_store'], READ_SIDE])
  })

  it('names the setting of the side that cannot be reached, and leaves nothing open', async () => {
    const missing = new URL(read)
    missing.pathname = '/nowhere_at_all'

    const failure = start(bank, missing.href)

    await expect(failure).rejects.toMatchObject({ code: 'REPRISE_DATABASE_UNREACHABLE' })
    await expect(failure).rejects.toThrow(/nowhere_at_all.*READ_DATABASE_URL/)
    expect(await schemasIn(store)).toEqual([])
  })
})
