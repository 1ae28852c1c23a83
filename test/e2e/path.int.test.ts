import { describe, expect, it } from 'vitest'
import { Reprise } from 'reprise'
import { useDatabase } from '../support/database.js'
import { Balances, bank, DepositMoney, OpenAccount, Statements, WithdrawMoney } from '../support/bank.js'

describe.each([
  ['one database', 'together'],
  ['a database for each side', 'apart'],
])('the path of an event in %s', (_what, sides) => {
  const database = useDatabase()
  const readDatabase = useDatabase()

  it('leads from a command through the log into both read models', async () => {
    await using app = await Reprise.start(bank, {
      databaseUrl: database.url,
      ...(sides === 'apart' ? { readDatabaseUrl: readDatabase.url } : {}),
      log: 'postgres',
      logLevel: 'warn',
    })

    await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
    await app.execute(new DepositMoney({ accountId: '1', amount: 700n }))
    const receipt = await app.execute(new WithdrawMoney({ accountId: '1', amount: 200n }))
    await app.projections.caughtUp(Balances, receipt)
    await app.projections.caughtUp(Statements, receipt)

    expect(receipt).toMatchObject({ stream: 'account-1', version: 3 })
    expect(await app.read(Balances).selectAll().execute()).toEqual([
      { account_id: '1', owner: 'Ada', balance: 500n },
    ])
    const lines = await app.read(Statements, 'statement_lines').select('amount').orderBy('version').execute()
    expect(lines.map(({ amount }) => amount)).toEqual([700n, -200n])
  })
})
