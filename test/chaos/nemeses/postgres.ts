import pg from 'pg'
import type { Chance } from '../chance.js'
import { type Nemesis, nothingToHeal, type Strike, type Surroundings } from './nemesis.js'

/** Stopped like a machine that loses power, but for what its disks have. */
export const postgresImmediate: Nemesis = crashing('pg-immediate', 'SIGQUIT')

/** As when the kernel runs out of memory. */
export const postgresKill: Nemesis = crashing('pg-kill', 'SIGKILL')

/** Sessions end while the server goes on. */
export const postgresTerminate: Nemesis = {
  name: 'pg-terminate',
  strike: async ({ postgres, storeDatabase }, chance) => {
    const share = 0.2 + 0.8 * chance.next()
    const seed = chance.between(0, 1_000_000)
    const ended = await asking(postgres.around(storeDatabase), async (client) => {
      const { rowCount } = await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE backend_type = 'client backend' AND application_name <> 'chaos harness'
           AND abs(hashint4(pid + $2::int4)) % 1000 < $1::float8 * 1000`,
        [share, seed],
      )
      return rowCount ?? 0
    })
    if (ended === undefined || ended === 0) return undefined
    return { target: 'postgres', detail: { share, ended }, lasts: 0, heal: nothingToHeal }
  },
}

/** A stranger's open transaction that has written, and that holds the row of a stream much used. */
export const postgresLongTransaction: Nemesis = {
  name: 'pg-long-transaction',
  strike: async ({ postgres, installed, storeDatabase }, chance) => {
    const lasts = chance.between(2_000, 8_000)
    const account = chance.pick(['001', '002', '003', '004'])
    const client = new pg.Client({
      connectionString: postgres.around(storeDatabase),
      connectionTimeoutMillis: 2_000,
      application_name: 'chaos harness',
    })
    client.on('error', () => undefined)
    const end = (): Promise<void> => client.end().catch(() => undefined)
    try {
      await client.connect()
      await client.query('BEGIN')
      await client.query('SELECT pg_current_xact_id()')
      await client.query(
        `SELECT FROM ${installed.schemas.store}.streams WHERE type = 'account' AND id = $1 FOR UPDATE`,
        [account],
      )
    } catch {
      await end()
      return undefined
    }
    return { target: 'postgres', detail: { account }, lasts, heal: end }
  },
}

function crashing(name: string, how: 'SIGQUIT' | 'SIGKILL'): Nemesis {
  const strike = async ({ postgres }: Surroundings, chance: Chance): Promise<Strike | undefined> => {
    const lasts = chance.between(200, 4_000)
    if (!postgres.up) return undefined
    await postgres.crash(how)
    return { target: 'postgres', lasts, heal: () => postgres.restart() }
  }
  return { name, strike }
}

/** Undefined where the server cannot be asked now. */
async function asking<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T | undefined> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 2_000,
    application_name: 'chaos harness',
  })
  client.on('error', () => undefined)
  try {
    if (!(await connects(client))) return undefined
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}

const connects = (client: pg.Client): Promise<boolean> =>
  client.connect().then(
    () => true,
    () => false,
  )
