import { startTestApp, startTestServers } from 'reprise/testing'
import { beforeAll, expect, it } from 'vitest'
import { Balances, bank, DepositMoney, OpenAccount } from '../../support/bank.js'
import { describeKafka, kafkaBrokers } from '../../support/kafka.js'
import { partAddress } from '../../support/part-address.js'

let server: string
beforeAll(async () => {
  server = await partAddress('/postgres/18')
})

const open = new OpenAccount({ accountId: '576', owner: 'Ada' })
const deposit = new DepositMoney({ accountId: '576', amount: 5n })

describeKafka('startTestApp on Kafka', () => {
  it('keeps apps of one name apart on brokers that they share, and deletes their topics', async () => {
    const brokers = await kafkaBrokers()
    const one = await startTestApp(bank, { log: 'kafka', server, brokers })
    const other = await startTestApp(bank, { log: 'kafka', server, brokers })

    await one.execute(open)
    await one.execute(deposit)
    await Promise.all([one.caughtUp({ timeout: '20s' }), other.caughtUp()])

    expect(await one.read(Balances).selectAll().execute()).toEqual([
      { account_id: '576', owner: 'Ada', balance: 5n },
    ])
    expect(await other.read(Balances).selectAll().execute()).toEqual([])
    expect(one.name).toMatch(/^bank_[\da-f]{8}$/)
    expect(other.name).not.toBe(one.name)
    expect(one.app.surroundings.log).toMatch(/^kafka:/)

    await Promise.all([one.stop(), other.stop()])
    expect(await topicsOf(brokers ?? '', [one.name, other.name])).toEqual([])
  })

  it('starts a broker where none is named, and one for many apps', async () => {
    await using servers = await startTestServers({ log: 'kafka', server, brokers: '' })
    expect(servers.environment).toEqual({
      TEST_DATABASE_URL: server,
      TEST_KAFKA_BROKERS: servers.brokers,
    })
    {
      await using test = await startTestApp(bank, { log: 'kafka', server, brokers: servers.brokers })
      await test.execute(open)
      await test.caughtUp({ timeout: '20s' })
      expect(await test.read(Balances).selectAll().execute()).toHaveLength(1)
    }
  }, 90_000)
})

async function topicsOf(brokers: string, apps: readonly string[]): Promise<readonly string[]> {
  const { Kafka, logLevel } = (await import('kafkajs')).default
  const admin = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    const topics = await admin.listTopics()
    return topics.filter((topic) => apps.some((app) => topic.startsWith(`${app}.`)))
  } finally {
    await admin.disconnect()
  }
}
