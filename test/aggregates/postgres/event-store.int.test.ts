import type { Pool } from 'pg'
import { describe, expect, it } from 'vitest'
import type { AppendRequest } from '../../../src/core/ports/event-store.js'
import { inTransaction } from '../../../src/postgres/pool.js'
import { sqlStateOf } from '../../../src/postgres/sql-state.js'
import { account, requestFor } from '../../support/append-requests.js'
import { deposit, open } from '../../support/account-commands.js'
import { uniqueName } from '../../support/kafka.js'
import { countOf, eventsIn, expectSoundStore } from '../../support/store-facts.js'
import { schemas, useMigratedDatabase } from '../../support/write-side.js'

const RESTRICT_VIOLATION = '23001'
const CHECK_VIOLATION = '23514'
const UNIQUE_VIOLATION = '23505'

describe.each([18, 15] as const)('PostgresEventStore on Postgres %i', (server) => {
  const database = useMigratedDatabase({ server })

  it('answers each request of an append by itself', async () => {
    const { store } = database.writeSide()
    const [won, lost, other] = [uniqueName('won'), uniqueName('lost'), uniqueName('other')]
    await store.append([request(lost, 0, 2), request(other, 0, 2)])

    const outcomes = await store.append([request(won, 0, 3), request(lost, 1, 1), request(other, 2, 1)])

    expect(outcomes).toEqual([
      { outcome: 'appended', streams: [{ stream: account(won), version: 3 }] },
      { outcome: 'conflict', stream: account(lost), expected: 1, actualVersion: 2 },
      { outcome: 'appended', streams: [{ stream: account(other), version: 3 }] },
    ])
    await expectSoundStore(database.pool)
  })

  it('draws positions, in the order of versions, only for winners', async () => {
    const { store } = database.writeSide()
    const stream = uniqueName('positions')
    await store.append([request(stream, 0, 1)])
    const before = await lastPosition(database.pool)

    for (const expected of [0, 2, 7]) await store.append([request(stream, expected, 4)])
    await store.append([request(stream, 1, 5)])

    const events = await eventsIn(database.pool, stream)
    expect(events.slice(1).map(({ position }) => position - before)).toEqual([1n, 2n, 3n, 4n, 5n])
  })

  it('gives a rolled back append back whole: events, work items, result and head stand or fall together', async () => {
    const { store } = database.writeSide()
    const stream = uniqueName('atomic')
    await store.append([request(stream, 0, 1)])
    const tables = ['events', 'outbox', 'command_results', 'streams']
    const counts = () => Promise.all(tables.map((table) => countOf(database.pool, table)))
    const before = await counts()

    for (const table of ['outbox', 'command_results', 'events']) {
      await database.pool.query(
        `ALTER TABLE ${schemas.store}.${table} ADD CONSTRAINT broken CHECK (false) NOT VALID`,
      )
      const failures = await Promise.allSettled([
        store.append([request(stream, 1, 2)]),
        store.append([request(uniqueName('atomic'), 0, 1)]),
      ])
      expect(failures.map((it) => it.status === 'rejected' && sqlStateOf(it.reason))).toEqual([
        CHECK_VIOLATION,
        CHECK_VIOLATION,
      ])
      await database.pool.query(`ALTER TABLE ${schemas.store}.${table} DROP CONSTRAINT broken`)
    }

    expect(await counts()).toEqual(before)
    expect(await store.headsAndResult([account(stream)], 'none')).toEqual({
      heads: [{ version: 1, closed: false }],
      result: undefined,
    })
  })

  it('takes an event in its way for no conflict: the store is at fault, and deciding again would not help', async () => {
    const { store } = database.writeSide()
    const [behind, other] = [uniqueName('behind'), uniqueName('other')]
    await store.append([request(behind, 0, 2)])
    const setHead = `UPDATE ${schemas.store}.streams SET version = $2 WHERE id = $1`
    await database.pool.query(setHead, [behind, 1])

    const failures = await Promise.allSettled([
      store.append([request(behind, 1, 1)]),
      store.append([requestFor([{ id: behind, at: 1 }, { id: other }])]),
    ])
    await database.pool.query(setHead, [behind, 2])

    expect(failures.map((it) => it.status === 'rejected' && sqlStateOf(it.reason))).toEqual([
      UNIQUE_VIOLATION,
      UNIQUE_VIOLATION,
    ])
  })

  it('reports a failure that will not pass as it is, and tries it once', async () => {
    const side = database.writeSide()
    const broken = uniqueName('broken')
    await open(side, broken)
    await database.pool.query(
      `ALTER TABLE ${schemas.store}.outbox ADD CONSTRAINT broken CHECK (false) NOT VALID`,
    )
    const before = await lastPosition(database.pool)

    const failure: unknown = await deposit(side, broken, 1n).catch((error: unknown) => error)
    await database.pool.query(`ALTER TABLE ${schemas.store}.outbox DROP CONSTRAINT broken`)

    expect(sqlStateOf(failure)).toBe(CHECK_VIOLATION)
    expect((await lastPosition(database.pool)) - before).toBe(1n)
    expect((await deposit(side, broken, 1n)).version).toBe(2)
  })

  it('queues the work items of a stream in the order of its versions while many streams are written', async () => {
    const sides = [database.writeSide(), database.writeSide()]
    const streams = Array.from({ length: 5 }, () => uniqueName('queue'))

    await Promise.all(
      sides.flatMap(({ store }) =>
        streams.map(async (stream) => {
          for (let tries = 0; tries < 20; tries++) {
            const { heads } = await store.headsAndResult([account(stream)], 'none')
            await store.append([request(stream, heads[0]?.version ?? 0, 3)])
          }
        }),
      ),
    )

    await expectSoundStore(database.pool)
  })

  it('loads a stream from a version on', async () => {
    const { store } = database.writeSide()
    const stream = uniqueName('load')
    await store.append([request(stream, 0, 4)])

    const later = await store.load(account(stream), { afterVersion: 2 })

    expect(later.map(({ version }) => version)).toEqual([3, 4])
    expect(await store.load(account(uniqueName('nobody')))).toEqual([])
    expect(await store.load({ type: 'other', id: stream })).toEqual([])
  })

  describe('immutability', () => {
    const statements = [
      `UPDATE ${schemas.store}.events SET payload = '{}'`,
      `UPDATE ${schemas.store}.events SET version = version WHERE false`,
      `DELETE FROM ${schemas.store}.events`,
      `TRUNCATE ${schemas.store}.events`,
      `TRUNCATE ${schemas.store}.events CASCADE`,
      `MERGE INTO ${schemas.store}.events e USING (SELECT 1) one ON e.version > 0 WHEN MATCHED THEN DELETE`,
    ]

    it.each(statements)('refuses the owner %s', async (statement) => {
      const stream = uniqueName('immutable')
      await database.writeSide().store.append([request(stream, 0, 2)])
      const before = await eventsIn(database.pool)

      const failure = await failureOf(database.pool, [statement])

      expect(failure).toMatchObject({ code: RESTRICT_VIOLATION })
      expect(String(failure)).toContain('events are immutable')
      expect(await eventsIn(database.pool)).toEqual(before)
    })

    it.each(statements)('refuses a session in replica mode %s', async (statement) => {
      const failure = await failureOf(database.pool, [
        'SET LOCAL session_replication_role = replica',
        statement,
      ])

      expect(failure).toMatchObject({ code: RESTRICT_VIOLATION })
    })
  })
})

const request = (id: string, at: number, events: number): AppendRequest => requestFor([{ id, at, events }])

async function failureOf(pool: Pool, statements: readonly string[]): Promise<unknown> {
  return inTransaction(pool, async (client) => {
    for (const statement of statements) await client.query(statement)
    throw new Error('nothing was refused')
  }).catch((error: unknown) => error)
}

async function lastPosition(pool: Pool): Promise<bigint> {
  const { rows } = await pool.query<{ last_value: bigint }>(
    `SELECT last_value FROM ${schemas.store}.events_position_seq`,
  )
  return rows[0]?.last_value ?? 0n
}
