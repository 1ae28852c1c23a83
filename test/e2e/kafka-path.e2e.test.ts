import { expect, it } from 'vitest'
import { Reprise } from 'reprise'
import { Balances, bank, DepositMoney, OpenAccount, Statements, WithdrawMoney } from '../support/bank.js'
import { useDatabase } from '../support/database.js'
import { describeKafka, kafkaBrokers, uniqueName } from '../support/kafka.js'
import { defineApp } from 'reprise'

const database = useDatabase()

describeKafka('the path of an event through Kafka', () => {
  it('leads from a command into both read models', async () => {
    const brokers = (await kafkaBrokers()) ?? ''
    const app = await Reprise.start(
      defineApp({ ...bank, name: uniqueName('bank').replaceAll('-', '_').toLowerCase() }),
      { databaseUrl: database.url, kafka: { brokers: [brokers] }, log: 'kafka', logLevel: 'warn' },
    )
    try {
      await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
      await app.execute(new DepositMoney({ accountId: '1', amount: 700n }))
      const receipt = await app.execute(new WithdrawMoney({ accountId: '1', amount: 200n }))
      await app.projections.caughtUp(Balances, receipt, { timeout: '20s' })
      await app.projections.caughtUp(Statements, receipt, { timeout: '20s' })

      expect(await app.read(Balances).selectAll().execute()).toEqual([
        { account_id: '1', owner: 'Ada', balance: 500n },
      ])
      const lines = await app
        .read(Statements, 'statement_lines')
        .select('amount')
        .orderBy('version')
        .execute()
      expect(lines.map(({ amount }) => amount)).toEqual([700n, -200n])
    } finally {
      await app.stop()
    }
  })
})
