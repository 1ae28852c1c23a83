import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { inspect } from 'node:util'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import {
  type App,
  ConfigurationError,
  DatabaseTooNew,
  DatabaseTooOld,
  DatabaseUnreachable,
  defineApp,
  LogMismatch,
  Reprise,
  type StartOptions,
  StoreMismatch,
  TopicMissing,
} from 'reprise'
import { bank } from '../support/bank.js'
import { freshDatabase } from '../support/database.js'
import { uniqueName } from '../support/kafka.js'
import { RecordingLogger } from '../support/recording-logger.js'
import { silentLogger } from '../support/silent-logger.js'
import { onServer } from '../support/test-databases.js'

let url = ''

beforeEach(async () => {
  const database = await freshDatabase()
  url = database.url
  // A start that was refused must leave no connection open: the drop notices.
  onTestFinished(() => database.drop())
})

describe('a start', () => {
  it.each([
    ['reprise_store', 'settings'],
    ['reprise_read', 'projections'],
  ])('is refused by a database whose %s a newer release has migrated', async (schema) => {
    await (await start()).stop()
    await sql(`INSERT INTO ${schema}.migrations (number, name) VALUES (9000, '9000_later')`)

    await expect(start()).rejects.toBeInstanceOf(DatabaseTooNew)
    await expect(start({ provision: false })).rejects.toBeInstanceOf(DatabaseTooNew)
  })

  it('is refused by an older database where it may not provision, and changes nothing', async () => {
    await expect(start({ provision: false })).rejects.toBeInstanceOf(DatabaseTooOld)

    expect(await sql(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'reprise%'`)).toEqual([])
  })

  it('is refused where a topic is missing and may not be created, and no topic is', async () => {
    await (await start()).stop()
    await sql(`DELETE FROM reprise_store.topics`)

    await expect(start({ provision: false })).rejects.toBeInstanceOf(TopicMissing)

    expect(await sql('SELECT name FROM reprise_store.topics')).toEqual([])
  })

  it('is refused where a topic has another number of partitions than declared', async () => {
    await (await start()).stop()
    await sql(`UPDATE reprise_store.topics SET partitions = 5`)

    const failure = start()

    await expect(failure).rejects.toBeInstanceOf(ConfigurationError)
    await expect(failure).rejects.toThrow('bank.account')
  })

  it('is refused with another log than the recorded one, and says how to go on', async () => {
    await (await start()).stop()
    await sql(`UPDATE reprise_store.settings SET value = 'kafka:other-cluster' WHERE name = 'log'`)

    const failure = start({ logWayOut: 'run the example with --fresh' })

    await expect(failure).rejects.toBeInstanceOf(LogMismatch)
    await expect(failure).rejects.toThrow(/kafka:other-cluster.*postgres.*run the example with --fresh/)
    expect(await sql(`SELECT value FROM reprise_store.settings WHERE name = 'log'`)).toEqual([
      { value: 'kafka:other-cluster' },
    ])
  })

  it('that is refused records no log: the right one may be named the next time', async () => {
    await (await start()).stop()
    await sql(`DELETE FROM reprise_store.settings WHERE name = 'log'; DELETE FROM reprise_store.topics`)

    await expect(start({ provision: false })).rejects.toBeInstanceOf(TopicMissing)

    expect(await sql(`SELECT value FROM reprise_store.settings WHERE name = 'log'`)).toEqual([])
  })

  it('is refused where its topic holds what is no event before it was ever used, and not for one that came later', async () => {
    await (await start()).stop()
    await sql(`WITH place AS (
        UPDATE reprise_store.topic_partitions p SET next_offset = next_offset + 1
        WHERE partition = 0 RETURNING p.topic_id, p.next_offset - 1 AS record_offset)
      INSERT INTO reprise_store.topic_records
        (topic_id, partition, record_offset, record_key, headers, value, recorded_at)
      SELECT topic_id, 0, record_offset, 'key', '{}', '\\x00', clock_timestamp() FROM place`)
    const logger = new RecordingLogger()

    await (await start({ logger })).stop()

    expect(logger.at('warn')).toContainEqual({
      level: 'warn',
      facts: { topic: 'bank.account', partition: 0, offset: '0' },
      message: 'a topic holds a record that is no event',
    })
    await sql(`DELETE FROM reprise_store.settings WHERE name = 'log'`)
    await expect(start()).rejects.toBeInstanceOf(StoreMismatch)
  })

  it('is refused by the store of another app, which keeps its own', async () => {
    await (await start()).stop()
    const other = defineApp({ ...bank, name: 'other_bank' })

    await expect(
      Reprise.start(other, { databaseUrl: url, log: 'postgres', logger: silentLogger }),
    ).rejects.toThrow('REPRISE_SCHEMA_PREFIX leads to the store of the app bank')

    expect(await sql(`SELECT value FROM reprise_store.settings WHERE name = 'app'`)).toEqual([
      { value: 'bank' },
    ])
    await (await start()).stop()
  })

  it('records the app, the log and one store id, and keeps them', async () => {
    const recorded = () => sql('SELECT name, value FROM reprise_store.settings ORDER BY name')
    await (await start()).stop()
    const first = await recorded()

    await Promise.all([start(), start()].map(async (starting) => (await starting).stop()))

    expect(await recorded()).toEqual(first)
    expect(first).toMatchObject([
      { name: 'app', value: 'bank' },
      { name: 'log', value: 'postgres' },
      { name: 'store_id' },
    ])
  })

  it('can be made by two processes at the same time on an empty database', async () => {
    const apps = await Promise.all([start(), start(), start()])

    await Promise.all(apps.map((app) => app.stop()))

    expect(await sql(`SELECT name FROM reprise_store.topics ORDER BY id`)).toEqual([
      { name: 'bank.account' },
      { name: 'bank.account.DLT' },
    ])
  })

  it('is refused by a Postgres older than 15', async () => {
    const name = new URL(url).pathname.slice(1)
    // What the server says of its version, found before the built-in function.
    await sql(`
      CREATE SCHEMA older;
      CREATE FUNCTION older.current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT '140011' $$;
      ALTER DATABASE ${name} SET search_path = older, pg_catalog, public`)

    const failure = start()

    await expect(failure).rejects.toBeInstanceOf(ConfigurationError)
    await expect(failure).rejects.toThrow(/Postgres 14.*15 or newer/)
    expect(await sql(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'reprise%'`)).toEqual([])
  })

  it('with a wrong password names the user and the database, and shows no password', async () => {
    const wrong = new URL(url)
    wrong.password = 'wrong-swordfish'

    const failure = await failureOf(wrong.href)

    expect(failure).toBeInstanceOf(DatabaseUnreachable)
    expect(failure.message).toContain('28P01')
    expect(failure.message).toContain(wrong.host)
    expect(inspect(failure, { depth: 5 })).not.toContain('swordfish')
  })

  it('on a host or port where nobody answers, or with a name that does not resolve, says which', async () => {
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const { port } = closed.address() as AddressInfo
    closed.close()

    for (const [address, reason] of [
      [`127.0.0.1:${port}`, 'ECONNREFUSED'],
      ['nobody.invalid:5432', 'nobody.invalid'],
    ] as const) {
      const failure = await failureOf(`postgres://teller:swordfish@${address}/bank`)

      expect(failure).toBeInstanceOf(DatabaseUnreachable)
      expect(failure.message).toContain(address)
      expect(failure.message).toContain(reason)
      expect(failure.message).not.toContain('swordfish')
    }
  })

  it('on a database that does not exist names it', async () => {
    const missing = new URL(url)
    missing.pathname = `/${uniqueName('nowhere')}`

    const failure = await failureOf(missing.href)

    expect(failure).toBeInstanceOf(DatabaseUnreachable)
    expect(failure.message).toContain(missing.pathname.slice(1))
  })
})

function start(options: StartOptions = {}): Promise<App> {
  return Reprise.start(bank, { databaseUrl: url, log: 'postgres', logger: silentLogger, ...options })
}

async function failureOf(databaseUrl: string): Promise<Error> {
  const app = await start({ databaseUrl }).catch((error: unknown) => error)
  if (app instanceof Error) return app
  throw new Error('it started')
}

async function sql(statement: string): Promise<readonly unknown[]> {
  return onServer(url, async (client) => (await client.query<object>(statement)).rows)
}
