import kafkajs from 'kafkajs'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { type App, type AppDefinition, defineApp, Reprise } from 'reprise'
import { jsonEncoding } from '../../src/contracts/index.js'
import { openKafkaLog } from '../../src/log/kafka/index.js'
import { PostgresOutboxAdmin, storeTables } from '../../src/outbox/postgres/index.js'
import { Balances, bank, DepositMoney, OpenAccount } from '../support/bank.js'
import { describeKafka, kafkaBrokers, uniqueName } from '../support/kafka.js'
import { letterOf, parkLetters } from '../support/letters.js'
import { RecordingConsumer } from '../support/recording-consumer.js'
import { silentLogger } from '../support/silent-logger.js'
import { waitFor } from '../support/wait-for.js'
import { schemas, useMigratedDatabase } from '../support/write-side.js'

/** A broker takes a little over a mebibyte by default. */
const TOO_MUCH = 1_200_000

describeKafka('what a relay does with rows that brokers refuse', () => {
  const database = useMigratedDatabase()
  const name = uniqueName('bank').replaceAll('-', '_')
  const definition: AppDefinition = defineApp({ ...bank, name })
  const topic = `${name}.account`
  let brokers: readonly string[]

  beforeAll(async () => {
    brokers = (await kafkaBrokers())?.split(',') ?? []
  })

  const startApp = async (): Promise<App> => {
    const app = await Reprise.start(definition, {
      databaseUrl: database.url,
      log: 'kafka',
      kafka: { brokers },
      maxPayloadBytes: 2_000_000,
      logLevel: 'silent',
    })
    onTestFinished(() => app.stop())
    return app
  }

  it('parks one that is too large with its key’s later ones, goes on with every other, and publishes all in order once it may', async () => {
    const app = await startApp()
    const admin = new PostgresOutboxAdmin(database.pool, storeTables(schemas.store))
    await app.execute(new OpenAccount({ accountId: 'large', owner: 'x'.repeat(TOO_MUCH) }))
    const held = await app.execute(new DepositMoney({ accountId: 'large', amount: 5n }))
    await app.execute(new OpenAccount({ accountId: 'small', owner: 'Ada' }))
    const small = await app.execute(new DepositMoney({ accountId: 'small', amount: 7n }))
    await app.projections.caughtUp(Balances, small, { timeout: '20s' })

    const status = await waitFor(
      async () => {
        const now = await admin.status()
        return now.pending === 0 && now
      },
      { what: 'the outbox to be empty' },
    )
    expect(status.parked).toMatchObject([
      { topic, key: 'large', rows: 2, reason: expect.stringContaining('MESSAGE_TOO_LARGE') as string },
    ])
    await app.execute(new DepositMoney({ accountId: 'large', amount: 6n }))

    await allow(2 * TOO_MUCH)
    await admin.retry({ selection: 'all', actor: 'test' })
    await app.projections.caughtUp(Balances, held, { timeout: '20s' })

    await waitFor(
      async () =>
        (await app.read(Balances).select('balance').where('account_id', '=', 'large').executeTakeFirst())
          ?.balance === 11n,
      { what: 'all events of the large account', deadline: 20_000 },
    )
    expect(await admin.status()).toMatchObject({ pending: 0, parked: [] })
  }, 90_000)

  it('publishes letters to a dead-letter topic as wide as the topic itself', async () => {
    const app = await startApp()
    const { record } = letterOf('7', 3)
    await parkLetters(database.pool, { name: 'balances', generation: 1 }, [
      letterOf('7', 3, { record: { ...record, topic } }),
    ])

    const encoding = jsonEncoding({ service: name, storeId: '' })
    const log = await openKafkaLog({
      settings: { brokers, clientId: 'letters' },
      encoding,
      logger: silentLogger,
    })
    onTestFinished(() => log.close())
    expect((await log.topics.describe([`${topic}.DLT`])).get(`${topic}.DLT`)?.partitions).toBe(4)
    const consumer = new RecordingConsumer()
    const subscription = await log.subscribe({
      group: uniqueName('group'),
      topics: [`${topic}.DLT`],
      consumer,
    })
    onTestFinished(() => subscription.stop())
    const letter = await waitFor(() => consumer.applied[0], { what: 'the letter', deadline: 20_000 })

    expect(letter).toMatchObject({
      key: '7',
      headers: {
        ce_type: 'MoneyDeposited',
        'kafka_dlt-original-topic': topic,
        'kafka_dlt-original-consumer-group': `${name}.balances.g1`,
      },
    })
    expect([...(letter.value ?? [])]).toEqual([0, 255, 3])
    await app.stop()
  }, 60_000)

  /** Lets the topic take larger records from now on. */
  async function allow(bytes: number): Promise<void> {
    const client = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING })
    const admin = client.admin()
    await admin.connect()
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: topic,
          configEntries: [{ name: 'max.message.bytes', value: bytes.toString() }],
        },
      ],
    })
    await admin.disconnect()
  }
})
