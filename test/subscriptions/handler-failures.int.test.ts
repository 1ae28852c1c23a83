import { sql } from 'kysely'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  type AppDefinition,
  defineApp,
  type Delivery,
  Projection,
  Projects,
  ProjectionStopped,
  SqlProjection,
} from 'reprise'
import { Account, Balances, bank, MoneyDeposited, Statements } from '../support/bank.js'
import { bankWith } from '../support/bank-variants.js'
import { HandFed, lane } from '../support/hand-fed.js'
import { ask, useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
const signal = new AbortController().signal

let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

const refused = () => Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:443'), { code: 'ECONNREFUSED' })
const worded = () => new Error('Connection terminated unexpectedly')
const codedLikeTheDatabase = () => Object.assign(new Error('planted'), { code: '40001' })

describe.each([
  ['fails to reach another service', refused],
  ['uses the words of the driver', worded],
  ['uses a code of the database', codedLikeTheDatabase],
] as const)('a handler that %s', (_, failure) => {
  it('stops a table projection', async () => {
    await using fed = await HandFed.open(
      url,
      bankWith(() => {
        throw failure()
      }),
    )

    await expect(deliverTo(fed)).rejects.toThrow(ProjectionStopped)
    expect(fed.stopped).toHaveLength(1)
  })

  it('stops an SQL projection', async () => {
    await using fed = await HandFed.open(
      url,
      bankWithSqlBalances(() => Promise.reject(failure())),
    )

    await expect(deliverTo(fed)).rejects.toThrow(ProjectionStopped)
    expect(fed.stopped).toHaveLength(1)
  })
})

describe('a handler of an SQL projection', () => {
  it.each([
    ['the database refuses for now', async ({ tx }: AnyDelivery) => raise(tx, '53100')],
    [
      'whose connection is lost',
      async ({ tx }: AnyDelivery) => {
        const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(tx)
        await ask(url, `SELECT pg_terminate_backend(${String(rows[0]?.pid)})`)
        await sql`SELECT 1`.execute(tx)
      },
    ],
    [
      'whose connection is lost, and that says so in its own words',
      async ({ tx }: AnyDelivery) => {
        await sql`SELECT pg_terminate_backend(pg_backend_pid())`
          .execute(tx)
          .catch((error: unknown) => Promise.reject(new Error('my own words', { cause: error })))
      },
    ],
  ])('%s leaves the projection running, and its event to be delivered again', async (_, atDeposit) => {
    let failing = true
    await using fed = await HandFed.open(
      url,
      bankWithSqlBalances(async (delivery) => {
        if (failing) await atDeposit(delivery)
      }),
    )
    const member = fed.member()
    await member.assigned(lane)
    const records = fed.records(await fed.account('a', 1))

    const failure: unknown = await member.deliver(lane, records, signal).catch((error: unknown) => error)
    failing = false

    expect(failure).not.toBeInstanceOf(ProjectionStopped)
    expect(fed.stopped).toEqual([])
    expect(await member.deliver(lane, records, signal)).toBe(2n)
  })

  it('stops it when the database refuses for good', async () => {
    await using fed = await HandFed.open(
      url,
      bankWithSqlBalances(({ tx }) => raise(tx, '23514')),
    )

    await expect(deliverTo(fed)).rejects.toThrow(ProjectionStopped)
  })
})

type AnyDelivery = Delivery<Record<string, never>>

const raise = async (tx: AnyDelivery['tx'], state: string): Promise<void> => {
  await sql.raw(`DO $$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '${state}'; END $$`).execute(tx)
}

async function deliverTo(fed: HandFed): Promise<void> {
  const member = fed.member()
  await member.assigned(lane)
  const records = fed.records(await fed.account('a', 1))
  let next = 0n
  while (next < 2n) next = await member.deliver(lane, records.slice(Number(next)), signal)
}

/** The bank whose projection of this name has a handler with statements of its own. */
function bankWithSqlBalances(atDeposit: (delivery: AnyDelivery) => Promise<void>): AppDefinition {
  @Projection({ name: Balances.table, version: 1, from: [Account] })
  class SqlBalances extends SqlProjection<Record<string, never>> {
    static tables(): Promise<void> {
      return Promise.resolve()
    }

    @Projects(MoneyDeposited)
    deposited(_: MoneyDeposited, delivery: AnyDelivery) {
      return atDeposit(delivery)
    }
  }
  return defineApp({ ...bank, projections: [SqlBalances, Statements] })
}
