import type { Pool, PoolClient } from 'pg'
import { describe, expect, it } from 'vitest'
import type { AppendRequest } from '../../../src/core/ports/event-store.js'
import { PostgresEventStore } from '../../../src/aggregates/postgres/event-store.js'
import { routingFor } from '../../../src/outbox/routing.js'
import { appendOrderKey } from '../../../src/postgres/append-order.js'
import { requestFor, reserve } from '../../support/append-requests.js'
import { uniqueName } from '../../support/kafka.js'
import { countOf, waitingForLocks } from '../../support/store-facts.js'
import { waitFor } from '../../support/wait-for.js'
import { schemas, useMigratedDatabase } from '../../support/write-side.js'

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Subplan Name'?: string
  readonly 'CTE Name'?: string
  readonly 'One-Time Filter'?: string
  readonly Operation?: string
  readonly Plans?: readonly PlanNode[]
}

describe.each([18, 15] as const)('the order lock of appends on Postgres %i', (server) => {
  const database = useMigratedDatabase({ server })

  const storeOf = (pool: Pool): PostgresEventStore =>
    new PostgresEventStore(pool, schemas.store, routingFor('bank'))

  const kinds: readonly (readonly [string, (id: string, at: number) => AppendRequest])[] = [
    ['one stream', (id, at) => requestFor([{ id, at }])],
    ['several streams', (id, at) => requestFor([{ id: uniqueName('a') }, { id, at }])],
    ['one stream and a value', (id, at) => requestFor([{ id, at, reserves: [reserve('name', id)] }])],
  ]
  const modes = ['force_generic_plan', 'force_custom_plan']
  const cases = kinds.flatMap(([kind, request]) => modes.map((mode) => [kind, mode, request] as const))

  it.each(cases)(
    'holds an append to %s back before it draws a position or locks a head, with %s',
    async (_, mode, request) => {
      const pool = database.connect(2)
      for (const client of await Promise.all([pool.connect(), pool.connect()])) {
        await client.query(`SET plan_cache_mode = ${mode}`)
        client.release()
      }
      const store = storeOf(pool)
      const [existing, fresh] = [uniqueName('existing'), uniqueName('fresh')]
      await store.append([requestFor([{ id: existing }])])
      const before = await lastPosition(database.pool)

      const appends = await whileHeld(database.pool, 'account', async () => {
        const appends = store.append([request(existing, 1), request(fresh, 0)])
        await waitFor(async () => (await waitingForLocks(database.pool)) === 2, { what: 'both to wait' })
        expect(await lastPosition(database.pool)).toBe(before)
        await lockHeadsNow(database.pool, [existing, fresh])
        expect(await countOf(database.pool, 'streams', `id = '${fresh}'`)).toBe(0)
        return { outcomes: appends }
      })

      const outcomes = await appends.outcomes
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(['appended', 'appended'])
    },
  )

  it('is held until the append commits, by one append beside the other, for its own type only', async () => {
    const store = storeOf(database.connect(4))
    const blocked = uniqueName('blocked')
    await store.append([requestFor([{ id: blocked }])])
    const holder = await database.pool.connect()
    try {
      await holder.query('BEGIN')
      await holder.query(`SELECT FROM ${schemas.store}.streams WHERE id = $1 FOR UPDATE`, [blocked])
      const append = store.append([requestFor([{ id: blocked, at: 1 }])])
      await waitFor(async () => (await waitingForLocks(database.pool)) === 1, { what: 'the append to wait' })

      const besides = [requestFor([{ id: uniqueName('beside') }]), requestFor([{ id: 'x', type: 'other' }])]
      expect((await store.append(besides)).map(({ outcome }) => outcome)).toEqual(['appended', 'appended'])
      expect(await isFree(database.pool, 'account')).toBe(false)
      expect(await isFree(database.pool, 'other')).toBe(true)

      await holder.query('COMMIT')
      await append
      expect(await isFree(database.pool, 'account')).toBe(true)
    } finally {
      holder.release()
    }
  })

  it('holds nothing of another type back', async () => {
    const store = storeOf(database.connect(2))

    const [outcome] = await whileHeld(database.pool, 'other', () =>
      store.append([requestFor([{ id: uniqueName('free') }])]),
    )

    expect(outcome?.outcome).toBe('appended')
  })

  it.each(modes)('gates both ways to the head of a single stream by a condition, with %s', async (mode) => {
    const pool = database.connect(1)
    await storeOf(pool).append([requestFor([{ id: uniqueName('plan') }])])
    const { rows } = await inMode(pool, mode, (client) =>
      client.query<{ 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }] }>(
        `EXPLAIN (FORMAT JSON, VERBOSE) EXECUTE "reprise-append" ('c', 'f', 'account', 's', 0, 't', 'k', 1::smallint,
         ARRAY[gen_random_uuid()], ARRAY['T'], ARRAY[1], ARRAY['{}'::jsonb], ARRAY['{}'::jsonb], ARRAY[now()])`,
      ),
    )

    const plan = rows[0]?.['QUERY PLAN'][0].Plan
    if (plan === undefined) throw new Error('no plan')
    const writes = nodesOf(plan).filter(
      (node) => node['Subplan Name'] === 'CTE opened' || node['Subplan Name'] === 'CTE advanced',
    )
    expect(writes.map(({ Operation }) => Operation)).toEqual(['Insert', 'Update'])
    for (const write of writes) {
      const gates = (write.Plans ?? []).filter((node) => node['One-Time Filter'] !== undefined)
      const asks = nodesOf(write).filter((node) => node['CTE Name'] === 'ordered')
      expect(gates).toHaveLength(1)
      expect(asks).toHaveLength(1)
      const initPlan = asks[0]?.['Subplan Name'] ?? ''
      const output = /returns (\$\d+)/.exec(initPlan)?.[1] ?? initPlan
      expect(output).not.toBe('')
      expect(gates[0]?.['One-Time Filter']).toContain(output)
    }
  })
})

const nodesOf = (node: PlanNode): readonly PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]

/** Runs something while a lane, as it were, holds the order lock of a type exclusively. */
async function whileHeld<T>(pool: Pool, type: string, work: () => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query(`SELECT pg_advisory_xact_lock(${appendOrderKey(schemas.store, '$1::text')})`, [type])
    return await work()
  } finally {
    await client.query('ROLLBACK')
    client.release()
  }
}

async function isFree(pool: Pool, type: string): Promise<boolean> {
  const { rows } = await pool.query<{ free: boolean }>(
    `SELECT pg_try_advisory_xact_lock(${appendOrderKey(schemas.store, '$1::text')}) AS free`,
    [type],
  )
  return rows[0]?.free === true
}

async function inMode<T>(pool: Pool, mode: string, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query(`SET plan_cache_mode = ${mode}`)
    return await work(client)
  } finally {
    client.release()
  }
}

/** Fails when anybody has one of the heads, or is about to make it. */
async function lockHeadsNow(pool: Pool, ids: readonly string[]): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query(`BEGIN; SET LOCAL lock_timeout = '1s'`)
    for (const id of ids) {
      await client.query(
        `INSERT INTO ${schemas.store}.streams (type, id, version) VALUES ('account', $1, 0)
         ON CONFLICT (type, id) DO UPDATE SET version = streams.version`,
        [id],
      )
    }
  } finally {
    await client.query('ROLLBACK')
    client.release()
  }
}

async function lastPosition(pool: Pool): Promise<bigint> {
  const { rows } = await pool.query<{ last_value: bigint }>(
    `SELECT last_value FROM ${schemas.store}.events_position_seq`,
  )
  return rows[0]?.last_value ?? 0n
}
