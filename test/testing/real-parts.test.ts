import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { freshDatabase, useDatabase } from '../support/database.js'
import { describeKafka, kafkaBrokers, uniqueName } from '../support/kafka.js'

describe('freshDatabase', () => {
  it('gives databases that do not see each other', async () => {
    const [one, other] = [await freshDatabase(), await freshDatabase()]

    await onDatabase(one.url, 'create table mine ()')

    expect(await onDatabase(other.url, `select to_regclass('mine') as found`)).toEqual([{ found: null }])
    await Promise.all([one.drop(), other.drop()])
  })

  it('fails its file when a connection stays open, and drops the database all the same', async () => {
    const database = await freshDatabase()
    const leaking = new pg.Client({ connectionString: database.url, application_name: 'leaky' })
    leaking.on('error', () => undefined)
    await leaking.connect()

    await expect(database.drop()).rejects.toThrow(/1 connections were left open.*\n {2}leaky, idle/)

    await expect(onDatabase(database.url, 'select 1')).rejects.toThrow(/does not exist/)
  })
})

describe.each([15, 18] as const)('useDatabase on Postgres %i', (server) => {
  const database = useDatabase({ server })

  it.skipIf(process.env['TEST_DATABASE_URL'])('gives a database of that server', async () => {
    const rows = await onDatabase(
      database.url,
      `select current_setting('server_version_num')::int / 10000 as major`,
    )

    expect(rows).toEqual([{ major: server }])
  })
})

describeKafka('kafkaBrokers', () => {
  it('gives a broker that serves', async () => {
    const admin = new Kafka({ brokers: [(await kafkaBrokers()) ?? ''], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    const topic = uniqueName('real-parts')

    await admin.createTopics({ topics: [{ topic }] })

    expect(await admin.listTopics()).toContain(topic)
    await admin.disconnect()
  })
})

async function onDatabase(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  try {
    await client.connect()
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}
