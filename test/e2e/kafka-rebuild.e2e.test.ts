import { beforeEach, expect, it } from 'vitest'
import { type App, defineApp, ProjectionStopped, Reprise, type StartOptions } from 'reprise'
import { Balances, bank, DepositMoney } from '../support/bank.js'
import { describeKafka, kafkaBrokers, uniqueName } from '../support/kafka.js'
import { Load, openAccounts } from '../support/load.js'
import {
  foldedBalances,
  quietly,
  ReadSide,
  rebuildOf,
  shownBalances,
  useFreshDatabases,
} from '../support/read-side.js'

const freshDatabase = useFreshDatabases()

describeKafka('projections on Kafka', () => {
  let url = ''
  let kafka: StartOptions = {}
  let app = bank
  beforeEach(async () => {
    url = await freshDatabase()
    kafka = { kafka: { brokers: [(await kafkaBrokers()) ?? ''] }, log: 'kafka', lease: 6_000 }
    app = defineApp({ ...bank, name: uniqueName('bank').replaceAll('-', '_') })
  })

  const start = (): Promise<App> => Reprise.start(app, quietly(url, kafka))
  const balances = (): Promise<Record<string, string>> => shownBalances(url, `${app.name}.balances`)

  async function depositAndSee(running: App, accountId: string): Promise<void> {
    const receipt = await running.execute(new DepositMoney({ accountId, amount: 5n }))
    await running.projections.caughtUp(Balances, receipt, { timeout: '30s' })
  }

  it('are rebuilt from the topic while it grows, and fed after that and after a restart', async () => {
    {
      await using running = await start()
      const accounts = await openAccounts(running, 6, 10)
      const load = Load.on(running, accounts, 1)

      const result = await rebuildOf(url, 'balances', { app, start: kafka })

      await load.end()
      expect(result).toMatchObject({ generation: 2, source: 'log' })
      for (const account of accounts) await depositAndSee(running, account)
      expect(await balances()).toEqual(await foldedBalances(url))
    }
    await using again = await start()
    for (let account = 0; account < 6; account++) await depositAndSee(again, `acc-${account}`)
    expect(await balances()).toEqual(await foldedBalances(url))
  }, 90_000)

  it('halt on a topic that was made anew, and are rebuilt from the store', async () => {
    {
      await using running = await start()
      await openAccounts(running, 4, 2, 'old')
      for (let account = 0; account < 4; account++) await depositAndSee(running, `old-${account}`)
    }
    await using side = await ReadSide.open(url, app, kafka)
    await side.installation.log.topics.delete([`${app.name}.account`])
    {
      await using running = await start()
      await openAccounts(running, 12, 6, 'new')
      await expect(depositAndSee(running, 'old-0')).rejects.toThrow(ProjectionStopped)
    }

    const result = await rebuildOf(url, 'balances', { app, start: kafka })

    expect(result).toMatchObject({ generation: 2, source: 'store' })
    await using running = await start()
    await depositAndSee(running, 'old-0')
    expect(await balances()).toEqual(await foldedBalances(url))
  }, 90_000)
})
