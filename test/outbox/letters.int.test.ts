import { describe, expect, it, onTestFinished } from 'vitest'
import { type App, Reprise } from 'reprise'
import { partitionOf } from '../../src/log/index.js'
import { bank } from '../support/bank.js'
import { uniqueName } from '../support/kafka.js'
import { letterOf, parkLetters } from '../support/letters.js'
import { waitFor } from '../support/wait-for.js'
import { schemas, useMigratedDatabase } from '../support/write-side.js'

interface DeadLetterRecord {
  readonly topic: string
  readonly partition: number
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
  readonly value: Buffer | null
}

const BALANCES = { name: 'balances', generation: 1 }

describe.each(['in the store’s database', 'in a database of its own'] as const)(
  'letters of a read side %s',
  (where) => {
    const database = useMigratedDatabase()
    const other = useMigratedDatabase()
    const readPool = () => (where === 'in the store’s database' ? database.pool : other.pool)

    const startApp = async (roles: 'all' | ['relay'] = 'all'): Promise<App> => {
      const app = await Reprise.start(bank, {
        databaseUrl: database.url,
        ...(where === 'in the store’s database' ? {} : { readDatabaseUrl: other.url }),
        log: 'postgres',
        logLevel: 'silent',
        lease: 2_000,
        roles,
      })
      onTestFinished(() => app.stop())
      return app
    }

    it('are published without their bytes where these are more than most topics take, and say how many they are', async () => {
      await startApp()
      const account = uniqueName('account')
      const letter = letterOf(account, 3)
      const value = new Uint8Array(900_001)

      await parkLetters(readPool(), BALANCES, [{ ...letter, record: { ...letter.record, value } }])
      const [only] = await published(account, 1)

      expect(only).toMatchObject({ value: null, headers: { 'reprise-omitted-bytes': '900001' } })
    })

    it('are published to the dead-letter topic, with the bytes, headers and key as they came, and what happened', async () => {
      await startApp()
      const account = uniqueName('account')

      await parkLetters(readPool(), BALANCES, [
        letterOf(account, 3),
        letterOf(account, 4, { failure: undefined }),
      ])
      const [first, second] = await published(account, 2)

      expect(first).toMatchObject({
        topic: 'bank.account.DLT',
        partition: partitionOf(account, 4),
        key: account,
      })
      expect([...(first?.value ?? [])]).toEqual([0, 255, 3])
      expect(first?.headers).toEqual({
        ce_type: 'MoneyDeposited',
        odd: 'a\\u0000b',
        'kafka_dlt-original-topic': 'bank.account',
        'kafka_dlt-original-partition': '1',
        'kafka_dlt-original-offset': '43',
        'kafka_dlt-original-timestamp': '1772368496789',
        'kafka_dlt-original-consumer-group': 'bank.balances.g1',
        'kafka_dlt-exception-fqcn': 'RangeError',
        'kafka_dlt-exception-message': 'no such\\u0000 account',
        'kafka_dlt-exception-stacktrace': 'RangeError: no such account\n    at Balances.deposited',
      })
      expect(second?.headers).toMatchObject({
        'kafka_dlt-original-offset': '44',
        'kafka_dlt-exception-message': `it waits behind an earlier letter of account-${account}`,
      })
      await waitFor(async () => (await unpublished()) === 0, {
        what: 'the outbox of the read side to be empty',
      })
    })

    it('of a generation that readers do not see stay unpublished', async () => {
      await startApp()
      const account = uniqueName('account')
      await readPool().query(
        `INSERT INTO ${schemas.read}.generations (projection, generation, declared_version, event_types, shape, schema_name, state)
         SELECT projection, 2, declared_version, event_types, shape, 'x', state FROM ${schemas.read}.generations
         WHERE projection = 'balances' AND generation = 1 ON CONFLICT DO NOTHING`,
      )

      await parkLetters(readPool(), { name: 'balances', generation: 2 }, [letterOf(account, 3)])

      expect(await unpublished()).toBe(0)
    })

    it('from the lane over the whole store go to the topic of their aggregate', async () => {
      await startApp()
      const account = uniqueName('account')
      const { record } = letterOf(account, 3)

      await parkLetters(readPool(), BALANCES, [
        letterOf(account, 3, { record: { ...record, topic: 'store:bank', partition: 0 } }),
      ])

      const [letter] = await published(account, 1)
      expect(letter).toMatchObject({
        topic: 'bank.account.DLT',
        headers: { 'kafka_dlt-original-topic': 'bank.account' },
      })
    })

    it('are published by whoever relays, though nothing is appended, and all of a key in order', async () => {
      const first = await startApp()
      await first.stop()
      const account = uniqueName('account')
      for (let version = 1; version <= 5; version++)
        await parkLetters(readPool(), BALANCES, [letterOf(account, version)])

      await startApp(['relay'])

      const letters = await published(account, 5)
      expect(letters.map(({ headers }) => headers['kafka_dlt-original-offset'])).toEqual([
        '41',
        '42',
        '43',
        '44',
        '45',
      ])
    })

    async function published(key: string, count: number): Promise<readonly DeadLetterRecord[]> {
      return waitFor(
        async () => {
          const { rows } = await database.pool.query<DeadLetterRecord>(
            `SELECT t.name AS topic, r.partition, r.record_key AS key, r.headers, r.value
             FROM ${schemas.store}.topics t JOIN ${schemas.store}.topic_records r ON r.topic_id = t.id
             WHERE r.record_key = $1 ORDER BY r.record_offset`,
            [key],
          )
          return rows.length >= count && rows
        },
        { what: `${count} letters to be published` },
      )
    }

    async function unpublished(): Promise<number> {
      const { rows } = await readPool().query(`SELECT FROM ${schemas.read}.outbox`)
      return rows.length
    }
  },
)
