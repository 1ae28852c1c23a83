import type { Pool, PoolClient } from 'pg'
import { describe, expect, it } from 'vitest'
import { PostgresEventStore } from '../../src/aggregates/postgres/event-store.js'
import type { UnsettledOrder } from '../../src/core/ports/event-order.js'
import { routingFor } from '../../src/outbox/routing.js'
import { appendOrderKey } from '../../src/postgres/append-order.js'
import { PostgresEventOrder } from '../../src/postgres/event-order.js'
import { PostgresEventReader } from '../../src/postgres/event-reader.js'
import { requestFor } from '../support/append-requests.js'
import { Gate } from '../support/gate.js'
import { uniqueName } from '../support/kafka.js'
import { waitFor } from '../support/wait-for.js'
import { schemas, useMigratedDatabase } from '../support/write-side.js'

describe.each([18, 15] as const)('PostgresEventOrder on Postgres %i', (server) => {
  const database = useMigratedDatabase({ server })
  const orderOver = (pool: Pool) => new PostgresEventOrder(pool, schemas.store)
  const head = () => new PostgresEventReader(database.pool, schemas.store).head()

  /** Appends an event in a transaction of its own, and keeps that open while `work` runs. */
  async function whileAppending<T>(
    work: (client: PoolClient) => Promise<T>,
    { type = 'account', application = 'test' } = {},
  ): Promise<T> {
    const client = await database.connect(1).connect()
    try {
      await client.query(`BEGIN`)
      await client.query(`SET LOCAL application_name = '${application}'`)
      const store = new PostgresEventStore(database.pool, schemas.store, routingFor('bank'))
      await store.appendWithin(client, requestFor([{ id: uniqueName('open'), type }]))
      return await work(client)
    } finally {
      await client.query('ROLLBACK')
      client.release()
    }
  }

  async function openAppends(): Promise<number> {
    const { rows } = await database.pool.query(
      `SELECT FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    )
    return rows.length
  }

  async function append(type = 'account'): Promise<bigint> {
    const store = new PostgresEventStore(database.pool, schemas.store, routingFor('bank'))
    await store.append([requestFor([{ id: uniqueName('a'), type }])])
    return head()
  }

  it('answers the head of a store where nothing is under way', async () => {
    const order = orderOver(database.pool)
    const last = await append()

    expect(await order.settledUpTo(['account'])).toBe(last)
    expect(await order.settledUpTo(['account', 'other'])).toBe(last)
  })

  it('names who keeps the order open, and answers once that is over: nothing is committed at or before it', async () => {
    const order = orderOver(database.connect(2))
    let unsettled: UnsettledOrder | undefined

    await whileAppending(
      async (client) => {
        // Drawn after the open append's position, and committed before it.
        const overtaking = await append()
        const answer = await order.settledUpTo(['account'])
        if (typeof answer === 'bigint') throw new Error(`${answer} is not settled`)
        unsettled = answer
        expect(answer.upTo).toBe(overtaking)
        expect(answer.appends).toMatchObject([
          { application: 'a long import', user: expect.any(String) as string },
        ])
        expect(answer.appends[0]?.age).toBeGreaterThanOrEqual(0)
        expect(await order.settledUpTo(['account'], answer)).toEqual(
          expect.objectContaining({ upTo: overtaking }),
        )
        await client.query('COMMIT')
      },
      { application: 'a long import' },
    )

    expect(unsettled && (await order.settledUpTo(['account'], unsettled))).toBe(unsettled?.upTo)
  })

  it('asks about appends of its types only, and about no other transaction', async () => {
    const order = orderOver(database.connect(2))
    const stranger = await database.connect(1).connect()
    try {
      await stranger.query('BEGIN')
      await stranger.query('CREATE TABLE IF NOT EXISTS strangers (n int)')
      await whileAppending(
        async () => {
          const last = await append()
          expect(await order.settledUpTo(['account'])).toBe(last)
          expect(await order.settledUpTo(['account', 'elsewhere'])).toMatchObject({ upTo: last })
        },
        { type: 'elsewhere' },
      )
    } finally {
      await stranger.query('ROLLBACK')
      stranger.release()
    }
  })

  it('sees what an append committed that it waited for, whatever isolation is the default', async () => {
    const pool = database.connect(2)
    await pool.query(`SET default_transaction_isolation = 'serializable'`)
    const order = orderOver(pool)
    let answered = 0

    for (let attempt = 0; attempt < 20; attempt++) {
      const answer = await whileAppending(async (client) => {
        const asked = order.settledUpTo(['account'])
        await client.query('COMMIT')
        return asked
      })

      if (typeof answer !== 'bigint') continue
      answered++
      expect(answer).toBe(await head())
    }
    expect(answered).toBeGreaterThan(0)
  })

  it('comes to an answer while appends go on that always take longer than it may hold them up', async () => {
    const order = orderOver(database.connect(2))
    const pool = database.connect(8)
    const ending = new Gate()
    let ended = false
    void ending.opened.then(() => (ended = true))
    const slow = async (_: unknown, index: number): Promise<void> => {
      const client = await pool.connect()
      try {
        // One after the other, so that some of them are always under way.
        await client.query('SELECT pg_sleep($1::double precision)', [index * 0.015])
        while (!ended) {
          await client.query('BEGIN')
          await client.query(
            `SELECT pg_advisory_xact_lock_shared(${appendOrderKey(schemas.store, "'account'")})`,
          )
          await client.query('SELECT pg_sleep(0.12)')
          await client.query('COMMIT')
        }
      } finally {
        client.release()
      }
    }
    const appends = Array.from({ length: 8 }, slow)
    try {
      const last = await append()
      let unsettled: UnsettledOrder | undefined
      await waitFor(async () => (await openAppends()) > 6, { what: 'most of them to be under way' })
      const settled = await waitFor(
        async () => {
          const answer = await order.settledUpTo(['account'], unsettled)
          if (typeof answer === 'bigint') return answer
          unsettled = answer
          return undefined
        },
        { what: 'an answer' },
      )
      expect(unsettled).toBeDefined()
      expect(settled).toBe(last)
    } finally {
      ending.open()
      await Promise.all(appends)
    }
  })
})
