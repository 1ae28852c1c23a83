import { expect, it, onTestFinished } from 'vitest'
import { type App, LogMismatch, Reprise, type StartOptions, StoreMismatch } from 'reprise'
import { openKafkaLog } from '../../src/log/kafka/index.js'
import { jsonEncoding } from '../../src/contracts/index.js'
import { Account, DepositMoney, OpenAccount } from '../support/bank.js'
import { freshDatabase } from '../support/database.js'
import { describeKafka, kafkaBrokers, uniqueName } from '../support/kafka.js'
import { silentLogger } from '../support/silent-logger.js'
import { onServer } from '../support/test-databases.js'
import { waitFor } from '../support/wait-for.js'

describeKafka('the identity of store and log', () => {
  it('refuses a topic that carries the records of another store, and records no log then', async () => {
    const name = await newApp()
    const [first, second] = [await newDatabase(), await newDatabase()]
    const app = await start(name, { databaseUrl: first, log: 'kafka' })
    await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
    await waitFor(() => app.counters.published === 1, { what: 'the record' })
    await app.stop()

    const failure = start(name, { databaseUrl: second, log: 'kafka' })

    await expect(failure).rejects.toBeInstanceOf(StoreMismatch)
    await expect(failure).rejects.toThrow(`${name}.account`)
    expect(await recordedLog(second)).toEqual([])
    await using again = await start(name, { databaseUrl: first, log: 'kafka' })
    expect(await again.execute(new DepositMoney({ accountId: '1', amount: 1n }))).toMatchObject({
      version: 2,
    })
  })

  it('refuses a store that was used with the Postgres log, and makes no topic on the broker', async () => {
    const name = await newApp()
    const databaseUrl = await newDatabase()
    await (await start(name, { databaseUrl, log: 'postgres' })).stop()

    await expect(start(name, { databaseUrl, log: 'kafka' })).rejects.toBeInstanceOf(LogMismatch)

    const log = await broker()
    expect((await log.topics.describe([`${name}.account`])).size).toBe(0)
    await log.close()
    await (await start(name, { databaseUrl, log: 'postgres' })).stop()
  })

  it('refuses a store that was used with a Kafka cluster once no broker is named any more', async () => {
    const name = await newApp()
    const databaseUrl = await newDatabase()
    await (await start(name, { databaseUrl, log: 'kafka' })).stop()

    await expect(start(name, { databaseUrl, log: 'postgres' })).rejects.toThrow(/kafka:\S+/)
    expect(await recordedLog(databaseUrl)).toMatchObject([
      { value: expect.stringMatching(/^kafka:/) as string },
    ])
  })
})

async function newDatabase(): Promise<string> {
  const { url, drop } = await freshDatabase()
  onTestFinished(drop)
  return url
}

/** The name of an app whose topic is deleted after the test. */
async function newApp(): Promise<string> {
  const name = uniqueName('bank').replace('-', '_')
  const log = await broker()
  onTestFinished(async () => {
    await log.topics.delete([`${name}.account`])
    await log.close()
  })
  return name
}

async function broker() {
  const brokers = (await kafkaBrokers())?.split(',') ?? []
  const encoding = jsonEncoding({ service: 'test', storeId: 'none' })
  return openKafkaLog({ settings: { brokers, clientId: 'test' }, encoding, logger: silentLogger })
}

async function start(name: string, options: StartOptions): Promise<App> {
  const brokers = (await kafkaBrokers())?.split(',') ?? []
  return Reprise.start(
    { name, aggregates: [Account] },
    { kafka: { brokers }, logger: silentLogger, ...options },
  )
}

function recordedLog(url: string): Promise<readonly object[]> {
  return onServer(url, async (client) => {
    const { rows } = await client.query<object>(`SELECT value FROM reprise_store.settings WHERE name = 'log'`)
    return rows
  })
}
