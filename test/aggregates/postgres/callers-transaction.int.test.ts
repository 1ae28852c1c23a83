import { CamelCasePlugin, CompiledQuery, Kysely, PostgresDialect, type Transaction } from 'kysely'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { InvalidValue } from '../../../src/core/errors/index.js'
import type { CallersTransaction } from '../../../src/core/ports/callers-transaction.js'
import type { AppendRequest } from '../../../src/core/ports/event-store.js'
import { PostgresEventStore } from '../../../src/aggregates/postgres/event-store.js'
import { routingFor } from '../../../src/outbox/routing.js'
import { account, requestFor, reserve } from '../../support/append-requests.js'
import { useDatabase } from '../../support/database.js'
import { uniqueName } from '../../support/kafka.js'
import { countOf, expectSoundStore, waitingForLocks } from '../../support/store-facts.js'
import { waitFor } from '../../support/wait-for.js'
import { schemas, useMigratedDatabase } from '../../support/write-side.js'

/** A caller's transaction, with a way to ask whether it is still usable. */
interface Caller {
  readonly tx: CallersTransaction
  query(sql: string): Promise<readonly Record<string, unknown>[]>
}

/** Runs work in a transaction of its kind; commits when it resolves, unless told otherwise. */
type InTransaction = <T>(url: string, work: (caller: Caller) => Promise<T>, begin?: string) => Promise<T>

/** A caller who parses every type in a way of its own: all as text, marked. */
const oddTypes: pg.CustomTypesConfig = {
  getTypeParser: () => (value: unknown) => (typeof value === 'string' ? `odd ${value}` : value),
}

const throughClient =
  (types?: pg.CustomTypesConfig): InTransaction =>
  async (url, work, begin = 'BEGIN') => {
    const client = new pg.Client({ connectionString: url, ...(types === undefined ? {} : { types }) })
    await client.connect()
    try {
      await client.query(begin)
      const query = async (sql: string) => (await client.query<Record<string, unknown>>(sql)).rows
      const result = await work({ tx: client, query })
      await client.query('COMMIT')
      return result
    } finally {
      await client.end()
    }
  }

const throughKysely =
  (types?: pg.CustomTypesConfig): InTransaction =>
  async (url, work, begin = 'BEGIN') => {
    const pool = new pg.Pool({ connectionString: url, ...(types === undefined ? {} : { types }) })
    const db = new Kysely<unknown>({
      dialect: new PostgresDialect({ pool }),
      plugins: [new CamelCasePlugin()],
    })
    const transaction = db.transaction()
    const level = begin.includes('REPEATABLE READ') ? 'repeatable read' : 'read committed'
    try {
      return await transaction.setIsolationLevel(level).execute((tx: Transaction<unknown>) => {
        const query = async (sql: string) =>
          (await tx.executeQuery<Record<string, unknown>>(CompiledQuery.raw(sql))).rows
        return work({ tx, query })
      })
    } finally {
      await db.destroy()
    }
  }

const textOnly: pg.CustomTypesConfig = { getTypeParser: () => (value: unknown) => value }

const callers: readonly (readonly [string, InTransaction])[] = [
  ['a client of pg', throughClient()],
  ['a client of pg with odd type parsers', throughClient(oddTypes)],
  ['a transaction of Kysely', throughKysely()],
  ['a transaction of Kysely that parses nothing', throughKysely(textOnly)],
]

describe.each([18, 15] as const)('appendWithin on Postgres %i', (server) => {
  const database = useMigratedDatabase({ server })
  const elsewhere = useMigratedDatabase({ server })
  const nowhere = useDatabase({ server })

  const storeOf = (): PostgresEventStore =>
    new PostgresEventStore(database.connect(4), schemas.store, routingFor('bank'))

  describe.each(callers)('%s', (_, inTransaction) => {
    it('is kept with the transaction, which sees it before anybody else', async () => {
      const store = storeOf()
      const [a, b] = [uniqueName('a'), uniqueName('b')]
      await store.append([longAgo(requestFor([{ id: a, events: 2 }]))])
      const request = requestFor([{ id: a, at: 2, reserves: [reserve('iban', a)] }, { id: b }])

      await inTransaction(database.url, async ({ tx }) => {
        expect(await store.appendWithin(tx, request)).toEqual({
          outcome: 'appended',
          streams: [
            { stream: account(a), version: 3 },
            { stream: account(b), version: 1 },
          ],
        })
        const within = await store.load(account(a), { afterVersion: 1, tx })
        expect(within.map(({ version }) => version)).toEqual([2, 3])
        expect(await store.load(account(b))).toEqual([])
        const known = await store.headsAndResult([account(b), account(a)], request.commandId, tx)
        expect(known.heads.map(({ version }) => version)).toEqual([1, 3])
        expect(known.result?.streams).toHaveLength(2)
        expect((await store.headsAndResult([account(b)], request.commandId)).result).toBeUndefined()
      })

      await inTransaction(database.url, async ({ tx }) => {
        expect(await store.load(account(a), { tx })).toEqual(await store.load(account(a)))
      })
      await expectSoundStore(database.pool)
    })

    it('goes with the transaction when that is rolled back', async () => {
      const store = storeOf()
      const a = uniqueName('a')

      await expect(
        inTransaction(database.url, async ({ tx }) => {
          expect((await store.appendWithin(tx, requestFor([{ id: a }]))).outcome).toBe('appended')
          throw new Error('changed my mind')
        }),
      ).rejects.toThrow('changed my mind')

      expect(await countOf(database.pool, 'streams', `id = '${a}'`)).toBe(0)
      expect(await store.append([requestFor([{ id: a }])])).toMatchObject([{ outcome: 'appended' }])
    })

    it('leaves a transaction usable, and nothing of itself in it, whatever it comes to', async () => {
      const store = storeOf()
      const [closed, taken, known, broken] = ['closed', 'taken', 'known', 'broken'].map(uniqueName) as [
        string,
        string,
        string,
        string,
      ]
      const knownBefore = requestFor([{ id: known }])
      await store.append([
        requestFor([{ id: closed, closes: true }]),
        requestFor([{ id: taken, reserves: [reserve('iban', taken)] }]),
        knownBefore,
      ])
      const fresh = () => uniqueName('undone')
      const losers: readonly (readonly [string, AppendRequest])[] = [
        ['conflict', requestFor([{ id: fresh() }, { id: known, at: 0 }])],
        ['closed', requestFor([{ id: fresh() }, { id: closed, at: 1 }])],
        ['reserved', requestFor([{ id: fresh(), reserves: [reserve('iban', taken)] }])],
        ['known', { ...requestFor([{ id: fresh() }]), commandId: knownBefore.commandId }],
      ]
      const unstorable = requestFor([{ id: fresh() }, { id: broken }])
      const undecodable = {
        ...unstorable,
        streams: unstorable.streams.map((it) => ({
          ...it,
          events: it.events.map((event) => ({ ...event, payload: '{' })),
        })),
      }

      await inTransaction(database.url, async ({ tx, query }) => {
        for (const [outcome, request] of losers) {
          expect((await store.appendWithin(tx, request)).outcome, outcome).toBe(outcome)
          expect(await query('SELECT 1 AS one'), outcome).toHaveLength(1)
        }
        await expect(store.appendWithin(tx, undecodable)).rejects.toThrow('json')
        expect(await query(`SELECT id FROM ${schemas.store}.streams WHERE id LIKE 'undone%'`)).toEqual([])
        expect((await store.appendWithin(tx, requestFor([{ id: broken }]))).outcome).toBe('appended')
      })

      expect(await countOf(database.pool, 'events', `stream_id = '${broken}'`)).toBe(1)
      await expectSoundStore(database.pool)
    })

    it('takes its turn when several are begun at once in the same transaction', async () => {
      const store = storeOf()
      const ids = Array.from({ length: 6 }, () => uniqueName('turn'))

      const outcomes = await inTransaction(database.url, ({ tx }) =>
        Promise.all(
          ids.map((id, index) => store.appendWithin(tx, requestFor([{ id, at: index % 2 === 0 ? 0 : 7 }]))),
        ),
      )

      const expected = ['appended', 'conflict']
      expect(outcomes.map(({ outcome }) => outcome)).toEqual([...expected, ...expected, ...expected])
      const kept = await Promise.all(ids.map((id) => store.load(account(id))))
      expect(kept.map(({ length }) => length)).toEqual([1, 0, 1, 0, 1, 0])
    })

    it('fails, and stays usable, where the snapshot of the transaction is older than the stream', async () => {
      const store = storeOf()
      const a = uniqueName('a')
      await store.append([requestFor([{ id: a }])])

      await inTransaction(
        database.url,
        async ({ tx, query }) => {
          await query('SELECT 1 AS one')
          const twin = requestFor([{ id: a, at: 1 }])
          await store.append([twin])
          await expect(store.appendWithin(tx, requestFor([{ id: a, at: 1 }]))).rejects.toMatchObject({
            code: '40001',
          })
          const elsewhere = { ...requestFor([{ id: uniqueName('b') }]), commandId: twin.commandId }
          await expect(store.appendWithin(tx, elsewhere)).rejects.toMatchObject({ code: '23505' })
          expect((await store.appendWithin(tx, requestFor([{ id: uniqueName('c') }]))).outcome).toBe(
            'appended',
          )
        },
        'BEGIN ISOLATION LEVEL REPEATABLE READ',
      )
      await expectSoundStore(database.pool)
    })
  })

  it('refuses what is not inside a transaction, and stores nothing', async () => {
    const store = storeOf()
    const client = await database.pool.connect()
    onTestFinished(() => client.release())
    const pool = database.connect(1)
    const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
    const id = uniqueName('outside')
    const ended = await database.connect(1).connect()
    await ended.query('BEGIN')
    await ended.query('COMMIT')
    onTestFinished(() => ended.release())

    for (const tx of [client, pool, db, ended, {} as CallersTransaction]) {
      const failure: unknown = await store
        .appendWithin(tx, requestFor([{ id }]))
        .catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(InvalidValue)
      expect(String(failure)).toContain('after its BEGIN')
    }

    expect(await countOf(database.pool, 'streams', `id = '${id}'`)).toBe(0)
  })

  it('refuses a transaction on another database, with a store of the same name or without one', async () => {
    const store = storeOf()
    const id = uniqueName('elsewhere')

    for (const { url } of [elsewhere, nowhere]) {
      await throughClient()(url, async ({ tx, query }) => {
        await expect(store.appendWithin(tx, requestFor([{ id }]))).rejects.toThrow(
          'on the database of the event store',
        )
        expect(await query('SELECT 1 AS one')).toHaveLength(1)
      })
    }

    expect(await countOf(elsewhere.pool, 'streams')).toBe(0)
  })

  it('passes on that the connection was lost in the middle of it', async () => {
    const store = storeOf()
    const id = uniqueName('lost')
    const holder = await database.pool.connect()
    const client = new pg.Client({ connectionString: database.url })
    client.on('error', () => undefined)
    await client.connect()
    try {
      await holder.query('BEGIN')
      await store.appendWithin(holder, requestFor([{ id }]))
      await client.query('BEGIN')
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      const append = store.appendWithin(client, requestFor([{ id }])).catch((error: unknown) => error)
      await waitFor(async () => (await waitingForLocks(database.pool)) === 1, { what: 'the append to wait' })

      await holder.query('SELECT pg_terminate_backend($1, 5000)', [rows[0]?.pid])

      expect(await append).toMatchObject({ code: '57P01' })
    } finally {
      await holder.query('ROLLBACK')
      holder.release()
      await client.end().catch(() => undefined)
    }
    expect(await store.load(account(id))).toEqual([])
  })
})

/** A time at which a zone of the process is off by seconds, and days are counted from another beginning. */
function longAgo(request: AppendRequest): AppendRequest {
  const occurredAt = new Date('1583-03-04T05:06:07.089Z')
  const streams = request.streams.map((it) => ({
    ...it,
    events: it.events.map((event) => ({ ...event, occurredAt })),
  }))
  return { ...request, streams }
}
