import { type Kysely, sql, type Transaction } from 'kysely'
import pg from 'pg'
import { beforeAll, describe, expect, it } from 'vitest'
import { CommandRejected } from '../../../src/core/errors/index.js'
import type { EventToStore, InlineProjections } from '../../../src/core/ports/inline-projections.js'
import { PostgresEventStore } from '../../../src/aggregates/postgres/event-store.js'
import { routingFor } from '../../../src/outbox/routing.js'
import { inTransaction } from '../../../src/postgres/pool.js'
import { sqlStateOf } from '../../../src/postgres/sql-state.js'
import { account, requestFor } from '../../support/append-requests.js'
import { uniqueName } from '../../support/kafka.js'
import { countOf, expectSoundStore } from '../../support/store-facts.js'
import { schemas, useMigratedDatabase } from '../../support/write-side.js'

type Apply = (tx: Transaction<unknown>, events: readonly EventToStore[]) => Promise<void>

describe.each([18, 15] as const)('inline projections of an append on Postgres %i', (server) => {
  const database = useMigratedDatabase({ server })

  beforeAll(async () => {
    await database.pool.query(`
      CREATE SCHEMA model;
      CREATE TABLE model.openings (stream_id text PRIMARY KEY, events bigint NOT NULL);
      -- Of the same name as the store's: only the schema tells them apart.
      CREATE TABLE model.command_results (stream_id text PRIMARY KEY)`)
  })

  const storeWith = (apply: Apply, types: readonly string[] = ['account']): PostgresEventStore => {
    const inline: InlineProjections<Transaction<unknown>> = { streamTypes: new Set(types), names: [], apply }
    return new PostgresEventStore(database.connect(4), schemas.store, routingFor('bank'), { inline })
  }

  const addOpening = (tx: Kysely<unknown>, { stream }: EventToStore, table = 'openings') => {
    const columns = table === 'openings' ? sql`(${stream.id}, 1)` : sql`(${stream.id})`
    return sql`INSERT INTO ${sql.table(`model.${table}`)} VALUES ${columns}`.execute(tx)
  }

  const openings = async (id: string): Promise<number> => {
    const { rows } = await database.pool.query('SELECT FROM model.openings WHERE stream_id = $1', [id])
    return rows.length
  }

  it('are written in the transaction of the append, from the events as they will be stored, before they draw positions', async () => {
    const applied: EventToStore[] = []
    const { rows } = await database.pool.query<{ drawn: bigint }>(
      `SELECT last_value AS drawn FROM ${schemas.store}.events_position_seq`,
    )
    const drawn = rows[0]?.drawn
    const store = storeWith(async (tx, events) => {
      applied.push(...events)
      for (const event of events) if (event.version === 1) await addOpening(tx, event)
      const counted = await sql<{ heads: bigint; drawn: bigint }>`
        SELECT (SELECT count(*) FROM ${sql.table(`${schemas.store}.streams`)} WHERE id = ${events[0]?.stream.id}) AS heads,
               (SELECT last_value FROM ${sql.table(`${schemas.store}.events_position_seq`)}) AS drawn
      `.execute(tx)
      expect(tx.isTransaction).toBe(true)
      expect(counted.rows).toEqual([{ heads: 1n, drawn }])
      expect(await openings(events[0]?.stream.id ?? '')).toBe(0)
    })
    const id = uniqueName('a')

    const outcome = await store.append([requestFor([{ id, events: 2 }])])

    expect(outcome).toEqual([{ outcome: 'appended', streams: [{ stream: account(id), version: 2 }] }])
    const stored = await store.load(account(id))
    expect(applied).toEqual(stored.map((event) => ({ ...event, position: 0n })))
    expect(await openings(id)).toBe(1)
    await expectSoundStore(database.pool)
  })

  it('get the events of the aggregates that they read, and are not asked where there are none', async () => {
    const applied: string[][] = []
    const store = storeWith((_, events) => {
      applied.push(events.map(({ stream }) => stream.type))
      return Promise.resolve()
    })
    const id = uniqueName('a')

    await store.append([requestFor([{ id, type: 'other' }])])
    await store.append([requestFor([{ id, events: 0 }])])
    await store.append([
      requestFor([
        { id: uniqueName('b'), type: 'other' },
        { id, events: 2 },
      ]),
    ])

    expect(applied).toEqual([['account', 'account']])
  })

  it('refuse the whole append with a rejection', async () => {
    const rejection = new CommandRejected('one opening is enough')
    const store = storeWith(async (tx, events) => {
      for (const event of events) await addOpening(tx, event)
      await sql`SELECT 1 / 0`.execute(tx).catch(() => undefined)
      throw rejection
    })
    const [a, b] = [uniqueName('a'), uniqueName('b')]

    expect(await store.append([requestFor([{ id: a }, { id: b }])])).toEqual([
      { outcome: 'refused', rejection },
    ])

    expect(await openings(a)).toBe(0)
    expect(await countOf(database.pool, 'streams', `id IN ('${a}', '${b}')`)).toBe(0)
    await expectSoundStore(database.pool)
  })

  it.each(['openings', 'command_results'])(
    'pass their own unique violation on in the table %s, which is no sign of a known command',
    async (table) => {
      const store = storeWith(async (tx, events) => {
        for (const event of events) await addOpening(tx, event, table)
      })
      const id = uniqueName('a')
      await store.append([requestFor([{ id }])])

      const [failure] = await Promise.allSettled([store.append([requestFor([{ id, at: 1 }])])])

      expect(failure.status === 'rejected' && sqlStateOf(failure.reason)).toBe('23505')
      expect((await store.load(account(id))).length).toBe(1)
    },
  )

  it('cannot turn a failed statement into an append that was acknowledged and not stored', async () => {
    const store = storeWith(async (tx) => {
      await sql`SELECT 1 / 0`.execute(tx).catch(() => undefined)
    })
    const id = uniqueName('a')

    await expect(store.append([requestFor([{ id }])])).rejects.toThrow('aborted')
    await inTransaction(database.pool, async (client) => {
      await expect(store.appendWithin(client, requestFor([{ id }]))).rejects.toThrow('aborted')
      await client.query('SELECT 1')
    })

    expect(await store.load(account(id))).toEqual([])
  })

  it('read types as everywhere in the app, whatever a client of the caller makes of them', async () => {
    const read: unknown[] = []
    const store = storeWith(async (tx) => {
      const { rows } = await sql`SELECT 9007199254740993 AS long, '1998-12-31'::date AS day`.execute(tx)
      read.push(...rows)
    })
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    try {
      await client.query('BEGIN')
      await store.appendWithin(client, requestFor([{ id: uniqueName('a') }]))
    } finally {
      await client.end()
    }

    expect(read).toEqual([{ long: 9007199254740993n, day: '1998-12-31' }])
  })

  it('are written in the transaction of a caller, and undone with the append alone', async () => {
    let refuse = false
    const store = storeWith(async (tx, events) => {
      for (const event of events) await addOpening(tx, event)
      if (refuse) throw new CommandRejected('no more')
    })
    const [kept, undone] = [uniqueName('kept'), uniqueName('undone')]

    await inTransaction(database.pool, async (client) => {
      expect((await store.appendWithin(client, requestFor([{ id: kept }]))).outcome).toBe('appended')
      refuse = true
      expect((await store.appendWithin(client, requestFor([{ id: undone }]))).outcome).toBe('refused')
      expect(await openings(kept)).toBe(0)
    })

    expect([await openings(kept), await openings(undone)]).toEqual([1, 0])
    expect((await store.load(account(undone))).length).toBe(0)
  })
})
