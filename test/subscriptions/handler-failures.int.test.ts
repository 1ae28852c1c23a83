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
import { waitFor } from '../support/wait-for.js'

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
  it('fails its event in a table projection: it is parked, not tried forever', async () => {
    await using fed = await HandFed.open(
      url,
      bankWith(() => {
        throw failure()
      }),
    )

    await deliverTo(fed)

    expect(await fed.letters()).toMatchObject([{ key: 'account-a', class: 'handler', attempts: 5 }])
    expect(fed.stopped).toEqual([])
  })

  it('fails its event in an SQL projection: it is parked, not tried forever', async () => {
    await using fed = await HandFed.open(
      url,
      bankWithSqlBalances(() => Promise.reject(failure())),
    )

    await deliverTo(fed)

    expect(await fed.letters()).toMatchObject([{ key: 'account-a', class: 'handler', attempts: 5 }])
    expect(fed.stopped).toEqual([])
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

  it('fails its event when the database refuses for good', async () => {
    await using fed = await HandFed.open(
      url,
      bankWithSqlBalances(({ tx }) => raise(tx, '23514')),
    )

    await deliverTo(fed)

    expect(await fed.letters()).toMatchObject([{ key: 'account-a', class: 'handler', attempts: 5 }])
  })
})

describe('a time-out of the database that comes again at one event', () => {
  const longer = async ({ tx }: AnyDelivery) => {
    await sql`SET LOCAL statement_timeout = 30`.execute(tx)
    await sql`SELECT pg_sleep(5)`.execute(tx)
  }
  /** Waits for something else inside its transaction, for longer than a session may idle there. */
  const idling = async ({ tx }: AnyDelivery) => {
    const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(tx)
    await sql`SET LOCAL idle_in_transaction_session_timeout = 30`.execute(tx)
    await waitFor(async () => (await sessions(Number(rows[0]?.pid))) === 0, { what: 'the session to end' })
    await sql`SELECT 1`.execute(tx)
  }
  const sessions = async (pid: number): Promise<number> =>
    (await ask(url, 'SELECT FROM pg_stat_activity WHERE pid = $1', [pid])).length

  const other = { ...lane, partition: 1 }

  /**
   * Delivers as a log does, until everything is settled; answers how often a delivery failed. After each failure another
   * lane is given an event of the account c.
   */
  async function deliverUntilSettled(fed: HandFed, timeOutPatience: number): Promise<number> {
    const member = fed.member({ timeOutPatience })
    const records = fed.records([...(await fed.account('a', 1)), ...(await fed.account('b', 0))])
    const beside = fed.records(await fed.account('c', 12)).map((record) => ({ ...record, ...other }))
    let failures = 0
    for (let next = 0n; next < 3n && failures < 12;) {
      try {
        next = await member.assigned(lane)
        next = await member.deliver(lane, records.slice(Number(next)), signal)
      } catch {
        failures++
        const at = Number(await member.assigned(other).catch(() => 0n))
        await member.deliver(other, beside.slice(at, at + 2), signal).catch(() => undefined)
      }
    }
    return failures
  }

  /** The account c is none of it. */
  const butForC =
    (atDeposit: (delivery: AnyDelivery) => Promise<void>) =>
    async (delivery: AnyDelivery): Promise<void> => {
      if (delivery.envelope.stream.id !== 'c') await atDeposit(delivery)
    }

  it.each([
    ['a statement takes too long', longer, 5, 'canceling statement due to statement timeout'],
    // Nobody says at which event it was: what comes before it has to be settled first.
    [
      'a handler lets its transaction idle',
      idling,
      10,
      'terminating connection due to idle-in-transaction timeout',
    ],
  ] as const)(
    'because %s is its handler’s: it is parked, and the others go on',
    async (_, atDeposit, believed, said) => {
      await using fed = await HandFed.open(url, bankWithSqlBalances(butForC(atDeposit)))

      expect(await deliverUntilSettled(fed, 0)).toBe(believed)

      expect(await fed.letters()).toMatchObject([
        { key: 'account-a', version: 2, class: 'handler', attempts: 5, message: said },
      ])
      expect([await fed.attempts(), fed.stopped]).toEqual([[], []])
    },
  )

  it('is taken for a busy server at first, however often it comes', async () => {
    await using fed = await HandFed.open(url, bankWithSqlBalances(butForC(longer)))

    const failures = await deliverUntilSettled(fed, 60_000)

    expect(failures).toBe(12)
    expect([await fed.letters(), await fed.attempts(), fed.stopped]).toEqual([[], [], []])
  })

  it('is nobody’s where no other event is applied either, as while a table is locked', async () => {
    let locked = true
    await using fed = await HandFed.open(
      url,
      bankWithSqlBalances(async (delivery) => {
        if (locked) await longer(delivery)
      }),
    )

    expect(await deliverUntilSettled(fed, 0)).toBe(12)
    const then = [await fed.letters(), fed.stopped]
    locked = false
    const { history } = fed.parts
    const events = await history.versions({ type: 'account', id: 'a' }, 1, 2)
    const member = fed.member()
    await member.assigned(lane)

    expect(then).toEqual([[], []])
    expect(await member.deliver(lane, fed.records(events), signal)).toBe(2n)
    expect(await fed.letters()).toEqual([])
  })

  it('begins anew after a failure of another kind, as when the server was started again in between', async () => {
    let failures = 0
    await using fed = await HandFed.open(
      url,
      bankWithSqlBalances(
        butForC(async (delivery) => {
          if (++failures % 4 === 0) await raise(delivery.tx, '57P03')
          await longer(delivery)
        }),
      ),
    )

    expect(await deliverUntilSettled(fed, 0)).toBe(12)

    expect([await fed.letters(), fed.stopped]).toEqual([[], []])
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
