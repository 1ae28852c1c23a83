import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineApp, Reprise, type StartOptions } from 'reprise'
import { Account, Balances, bank, OpenAccount, Statements } from '../support/bank.js'
import { freshDatabase, type TestDatabase } from '../support/database.js'
import { describeKafka, kafkaBrokers } from '../support/kafka.js'
import { silentLogger } from '../support/silent-logger.js'
import { onServer } from '../support/test-databases.js'

let database: TestDatabase
let options: StartOptions

beforeEach(async () => {
  database = await freshDatabase()
  options = { databaseUrl: database.url, log: 'postgres', logger: silentLogger }
})
afterEach(() => database.drop())

/** Starts the app, opens an account and stops. */
async function useOnce(definition = bank, started = options): Promise<void> {
  await using app = await Reprise.start(definition, started)
  const receipt = await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
  await app.projections.caughtUp(Balances, receipt)
}

/** Runs statements as somebody else who uses the database. */
const asStranger = (...statements: readonly string[]): Promise<void> =>
  onServer(database.url, async (client) => {
    for (const statement of statements) await client.query(statement)
  })

const schemas = (): Promise<readonly string[]> =>
  onServer(database.url, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select nspname::text as name from pg_namespace
        where nspname !~ '^pg_' and nspname not in ('information_schema', 'public') order by 1`,
    )
    return rows.map(({ name }) => name)
  })

const OWN = ['bank', 'bank_balances_g1', 'bank_statements_g1', 'reprise_read', 'reprise_store']

describe('Reprise.reset', () => {
  it('drops the schemas of the app, after which it starts as if for the first time', async () => {
    await useOnce()

    const report = await Reprise.reset(bank, options)

    expect(report).toEqual({ schemas: OWN, topics: [], leftLog: undefined })
    expect(await schemas()).toEqual([])
    await useOnce()
  })

  it('finds nothing to drop the second time', async () => {
    await useOnce()
    await Reprise.reset(bank, options)

    expect(await Reprise.reset(bank, options)).toEqual({ schemas: [], topics: [], leftLog: undefined })
  })

  it('leaves other schemas alone, also those of another app and those with similar names', async () => {
    const other = defineApp({
      name: 'other',
      schemaPrefix: 'other',
      aggregates: [Account],
      projections: [Balances, Statements],
    })
    const similar = ['bank_balances_g1x', 'bank_other_g1', 'reprise_store_2', 'xbank_balances_g1']
    await useOnce()
    await useOnce(other)
    await asStranger(...similar.map((name) => `create schema ${name}`))

    await Reprise.reset(bank, options)

    const others = ['other', 'other_balances_g1', 'other_read', 'other_statements_g1', 'other_store']
    expect(await schemas()).toEqual([...similar, ...others].sort())
  })

  it("keeps a public schema in which somebody has other things, without the app's views", async () => {
    await asStranger('create schema bank', 'create table bank.notes (note text)')
    await useOnce()

    const report = await Reprise.reset(bank, options)

    expect(report.schemas).toEqual(OWN.filter((name) => name !== 'bank'))
    await asStranger('select note from bank.notes')
    await expect(asStranger('select from bank.balances')).rejects.toThrow('does not exist')
  })

  it.each([
    ['a view on a public view', 'create view overdrawn as select * from bank.balances', 'overdrawn'],
    ['a view on a table', 'create view raw as select * from bank_balances_g1.balances', 'raw'],
    [
      'a foreign key',
      'create table notes (account text references bank_balances_g1.balances (account_id))',
      'notes',
    ],
  ])('refuses, and drops nothing, where %s would go too', async (_what, statement, name) => {
    await useOnce()
    await asStranger(statement)

    await expect(Reprise.reset(bank, options)).rejects.toMatchObject({
      code: 'REPRISE_CONFIGURATION',
      message: expect.stringContaining(`${name} is built on tables or views of bank`) as string,
    })

    expect(await schemas()).toEqual(OWN)
    await asStranger(`select from ${name}`)
  })

  it('forgets a recorded log without asking it, and says so', async () => {
    await useOnce()
    await asStranger(`update reprise_store.settings set value = 'kafka:gone' where name = 'log'`)
    await expect(useOnce()).rejects.toMatchObject({ code: 'REPRISE_LOG_MISMATCH' })

    const report = await Reprise.reset(bank, options)

    expect(report).toMatchObject({ schemas: OWN, leftLog: 'kafka:gone' })
    await useOnce()
  })

  it('drops nothing when the log that is named cannot be reached', async () => {
    await useOnce()

    const kafka = { ...options, log: 'kafka', kafka: { brokers: ['127.0.0.1:1'] } } as const
    await expect(Reprise.reset(bank, kafka)).rejects.toMatchObject({ code: 'REPRISE_LOG_UNAVAILABLE' })

    expect(await schemas()).toEqual(OWN)
  })

  it('refuses in production', async () => {
    await useOnce()
    vi.stubEnv('NODE_ENV', 'production')
    try {
      await expect(Reprise.reset(bank, options)).rejects.toThrow('NODE_ENV is production')
    } finally {
      vi.unstubAllEnvs()
    }
    expect(await schemas()).toEqual(OWN)
  })
})

describeKafka('Reprise.reset on Kafka', () => {
  it("deletes the app's topics, also when another store wrote them", async () => {
    const brokers = [(await kafkaBrokers()) ?? '']
    const kafka = { ...options, log: 'kafka', kafka: { brokers } } as const
    const definition = defineApp({
      name: `bank_${randomUUID().slice(0, 8)}`,
      aggregates: [Account],
      projections: [Balances],
    })
    await useOnce(definition, kafka)
    // The store that wrote the records is gone, as after a reset that was killed before it came to the topics.
    await asStranger('drop schema reprise_store cascade', 'drop schema reprise_read cascade')
    await asStranger(
      `drop schema ${definition.name} cascade`,
      `drop schema ${definition.name}_balances_g1 cascade`,
    )
    await expect(useOnce(definition, kafka)).rejects.toMatchObject({ code: 'REPRISE_STORE_MISMATCH' })

    const report = await Reprise.reset(definition, kafka)

    const topic = `${definition.name}.account`
    expect(report.topics).toEqual([topic, `${topic}.DLT`])
    await useOnce(definition, kafka)
    await Reprise.reset(definition, kafka)
  })
})
