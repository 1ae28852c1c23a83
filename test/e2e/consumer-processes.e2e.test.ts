import { expect, it, onTestFinished } from 'vitest'
import { defineApp, type Receipt } from 'reprise'
import { modelOf } from '../../src/app/app-model.js'
import { openInstallation } from '../../src/app/installation.js'
import { settingsFor } from '../../src/app/settings.js'
import { Account } from '../support/bank.js'
import { runCli } from '../support/cli.js'
import { describeKafka, kafkaBrokers, uniqueName } from '../support/kafka.js'
import { type ModuleProcess, startModuleProcess } from '../support/module-process.js'
import { publishContract, type PublishedContract } from '../support/published-contract.js'
import { ask, foldedBalances, useFreshDatabases } from '../support/read-side.js'
import { onKafka, topicOfAnother } from '../support/shared-topic.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
const ACCOUNTS = 9

const options = (): string =>
  `{ kafka: { brokers: [process.env.TEST_BROKERS] }, log: 'kafka', databaseUrl: process.env.TEST_URL, lease: 6000, logLevel: 'silent' }`

/** Executes as many commands as a line says, round robin over the accounts, and answers the last receipt. */
const producerCode = ({ bank }: PublishedContract, name: string): string => `
import { createInterface } from 'node:readline'
import { bank, defineApp, DepositMoney, OpenAccount, Reprise, WithdrawMoney } from '${bank}'
const app = await Reprise.start(defineApp({ ...bank, name: '${name}', projections: [] }), ${options()})
for (let at = 0; at < ${ACCOUNTS}; at++) await app.execute(new OpenAccount({ accountId: 'acc-' + at, owner: 'Ada' }))
console.log('ready')
let turn = 0
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'stop') break
  let receipt
  for (let left = Number(line); left > 0; left--, turn++) {
    const accountId = 'acc-' + (turn % ${ACCOUNTS})
    const command = turn > 2 * ${ACCOUNTS} && turn % 4 === 3 ? new WithdrawMoney({ accountId, amount: 1n }) : new DepositMoney({ accountId, amount: BigInt(turn) + 2n })
    receipt = await app.execute(command)
  }
  console.log(JSON.stringify(receipt))
}
await app.stop()
process.exit(0)
`

/** Waits for the receipt that a line holds. */
const consumerCode = ({ service }: PublishedContract): string => `
import { createInterface } from 'node:readline'
import definition, { Reprise, Turnover } from '${service}'
const app = await Reprise.start(definition, ${options()})
console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'stop') break
  await app.projections.caughtUp(Turnover, JSON.parse(line), { timeout: '60s' })
  console.log('caught up')
}
await app.stop()
process.exit(0)
`

async function turnoverOf(url: string): Promise<Record<string, string>> {
  const rows = await ask<{ id: string; turnover: string }>(
    url,
    'SELECT account_id AS id, turnover::text FROM fraud.turnover ORDER BY 1',
  )
  return Object.fromEntries(rows.map((row) => [row.id, row.turnover]))
}

/** Events by account, as many as there are. */
async function countedIn(url: string, sql: string): Promise<Record<string, number>> {
  const rows = await ask<{ id: string; events: number }>(url, sql)
  return Object.fromEntries(rows.map((row) => [row.id, row.events]))
}

/** Publishes everything that is stored once more, as a relay does whose answer was lost. */
async function publishAgain(url: string, name: string): Promise<void> {
  const app = defineApp({ name, aggregates: [Account] })
  const installation = await openInstallation(modelOf(app), settingsFor(app, await onKafka(url)))
  const publisher = installation.log.publisher()
  try {
    const events = await installation.history.page(['account'], 0n, 10_000)
    const topic = `${name}.account`
    await publisher.publish(events.map((event) => ({ topic, key: event.stream.id, event })))
  } finally {
    await publisher.close()
    await installation.close()
  }
}

describeKafka('a producer and a consumer with a database each', () => {
  it('share nothing but the topic: the consumer is killed, is delivered twice, and equals the fold of history', async () => {
    const [ofBank, ofFraud] = [await freshDatabase(), await freshDatabase()]
    const name = uniqueName('bank').replaceAll('-', '_')
    await topicOfAnother(`${name}.account`)
    const published = await publishContract(`${name}.account`, 'fraud')
    const brokers = (await kafkaBrokers()) ?? ''
    const started: ModuleProcess[] = []
    const start = async (code: string, url: string): Promise<ModuleProcess> => {
      const process = await startModuleProcess(code, { TEST_BROKERS: brokers, TEST_URL: url })
      started.push(process)
      expect(await process.nextLine()).toBe('ready')
      return process
    }
    onTestFinished(async () => {
      await Promise.all(started.map((it) => it.kill('SIGKILL')))
    })
    const producer = await start(producerCode(published, name), ofBank)
    let consumer = await start(consumerCode(published), ofFraud)

    const applied = async (): Promise<number> => {
      const counted = await countedIn(ofFraud, 'SELECT account_id AS id, events FROM fraud.turnover')
      return Object.values(counted).reduce((sum, events) => sum + events, 0)
    }
    for (let round = 1; round <= 3; round++) {
      const before = await applied()
      producer.send('150')
      await waitFor(async () => (await applied()) > before, {
        what: 'events to be applied',
        deadline: 30_000,
      })
      await consumer.kill('SIGKILL')
      await producer.nextLine()
      await publishAgain(ofBank, name)
      consumer = await start(consumerCode(published), ofFraud)
    }
    producer.send('150')
    const receipt = JSON.parse(await producer.nextLine()) as Receipt
    consumer.send(JSON.stringify(receipt))
    expect(await consumer.nextLine()).toBe('caught up')

    const stored = await countedIn(
      ofBank,
      `SELECT stream_id AS id, count(*)::int AS events FROM reprise_store.events GROUP BY 1 ORDER BY 1`,
    )
    const counted = (): Promise<Record<string, number>> =>
      countedIn(ofFraud, 'SELECT account_id AS id, events FROM fraud.turnover ORDER BY 1')
    await waitFor(async () => JSON.stringify(await counted()) === JSON.stringify(stored), {
      what: 'all events',
      deadline: 30_000,
    })
    // Every event has come four times or so by now.
    expect(await turnoverOf(ofFraud)).toEqual(await foldedBalances(ofBank))
    expect(Object.values(stored).reduce((sum, events) => sum + events, 0)).toBe(600 + ACCOUNTS)

    for (const process of [producer, consumer]) process.send('stop')
    expect(await Promise.all([producer.ended, consumer.ended])).toEqual([0, 0])
    await commandLine(published, ofFraud, brokers)
    expect(await turnoverOf(ofFraud)).toEqual(await foldedBalances(ofBank))
  }, 180_000)
})

/** What the command line does for a service that only consumes. */
async function commandLine({ folder }: PublishedContract, url: string, brokers: string): Promise<void> {
  const environment = { DATABASE_URL: url, KAFKA_BROKERS: brokers }
  const reprise = async (...args: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await runCli(args, { folder, environment })
    expect(stderr).not.toContain('error')
    expect(exitCode).toBe(0)
    return stdout
  }

  const described = await reprise('describe')
  expect(described).toContain('none: it only consumes')
  expect(described).toMatch(
    /contract account\n.*topic .*\n.*records +of Reprise\n.*guard +dense \(a gap waits and alarms\)/,
  )
  const { sides } = JSON.parse(await reprise('db', 'status', '--json')) as { sides: { side: string }[] }
  expect(sides.map(({ side }) => side)).toEqual(['read'])
  expect(await reprise('db', 'migrate')).toBe('read (schema reprise_read): up to date\n')
  expect(await reprise('projection', 'rebuild', 'turnover', '--yes')).toContain('rebuilt turnover')
  const list = JSON.parse(await reprise('projection', 'list', '--json')) as { projections: object[] }
  expect(list.projections).toMatchObject([
    { name: 'turnover', generation: 2, state: 'ready', lag: 0, waiting: [], failure: null },
  ])
}
