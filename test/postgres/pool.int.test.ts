import type { Pool } from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { DatabaseProxy } from '../support/database-proxy.js'
import { Gate } from '../support/gate.js'
import { useDatabase } from '../support/database.js'
import { startModuleProcess } from '../support/module-process.js'
import { createPool, inTransaction } from '../../src/postgres/pool.js'
import { isTransient } from '../../src/postgres/sql-state.js'
import { silentLogger } from '../support/silent-logger.js'
import { waitFor } from '../support/wait-for.js'

const database = useDatabase()

describe('createPool', () => {
  it('survives a connection that is lost while it is checked out and nothing runs on it', async () => {
    const child = await startModuleProcess(
      `
      import { createPool, inTransaction } from '$src/postgres/pool.js'
      const warnings = []
      const nothing = () => {}
      const logger = { debug: nothing, info: nothing, warn: (facts, message) => warnings.push(message), error: nothing }
      const pool = createPool({
        url: process.env.CHILD_DATABASE_URL, applicationName: 'child', size: 2, idleInTransaction: 5000, logger,
      })
      const outcome = await inTransaction(pool, async (client) => {
        const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
        const lost = new Promise((resolve) => client.once('end', resolve))
        await pool.query('SELECT pg_terminate_backend($1)', [rows[0].pid])
        await lost
        await client.query('SELECT 1')
        return 'committed'
      }).catch((error) => error.message)
      const { rows } = await pool.query('SELECT 1 AS alive')
      console.log(JSON.stringify({ outcome, alive: rows[0].alive, warned: warnings.length > 0 }))
      await pool.end()
      `,
      { CHILD_DATABASE_URL: database.url },
    )

    const answer = JSON.parse(await child.nextLine()) as { outcome: string; alive: number; warned: boolean }

    expect(answer).toMatchObject({ alive: 1, warned: true })
    expect(answer.outcome).not.toBe('committed')
    expect(await child.ended).toBe(0)
  })

  it('ends a session that idles inside a transaction, and frees its locks', async () => {
    const pool = createPool({
      url: database.url,
      applicationName: 'test',
      size: 2,
      idleInTransaction: 300,
      logger: silentLogger,
    })
    await pool.query('CREATE TABLE things (id integer)')

    const failure: unknown = await inTransaction(pool, async (client) => {
      await client.query('LOCK TABLE things')
      await waitFor(() => pool.query('SET lock_timeout = 100; LOCK TABLE things'), {
        what: 'the lock to be free',
      })
      await client.query('SELECT 1')
    }).catch((error: unknown) => error)

    expect(isTransient(failure)).toBe(true)
    // The driver alone would say that the connection is lost, and not why.
    expect(failure).toMatchObject({ code: '25P03' })
    await pool.end()
  })
})

describe('a pool whose server vanishes without a word', () => {
  const LIMIT = 900

  it('fails what waits for an answer, so that it can be done again, and works on when the server is back', async () => {
    const { pool, proxy } = await poolBehindProxy()
    const { pid } = await sessionOf(pool)
    const begun = new Gate()
    const waiting = inTransaction(pool, async (client) => {
      await client.query('SELECT 1')
      begun.open()
      await client.query('SELECT pg_sleep(3600)')
    }).catch((error: unknown) => error)
    await begun.opened
    await waitFor(async () => (await sleepers('pid')) === 1, { what: 'the statement to run' })
    await pool.query('SELECT 1')

    proxy.vanish()
    const began = performance.now()
    const failures = await Promise.all([waiting, pool.query('SELECT 1').catch((error: unknown) => error)])

    expect(failures.map((failure) => isTransient(failure))).toEqual([true, true])
    expect(performance.now() - began).toBeLessThan(2 * LIMIT)
    proxy.reopen()
    expect((await sessionOf(pool)).pid).not.toBe(pid)
    // Nobody told the server that the client has gone.
    await sleepers('pg_terminate_backend(pid)')
  })

  it('is not confused with a statement that takes its time', async () => {
    const { pool } = await poolBehindProxy()

    await pool.query(`SELECT pg_sleep(${(2.5 * LIMIT) / 1_000})`)

    expect((await pool.query('SELECT 1 AS alive')).rows).toEqual([{ alive: 1 }])
  })

  async function poolBehindProxy() {
    const proxy = await DatabaseProxy.before(database.url)
    const pool = createPool({
      url: proxy.url,
      applicationName: 'behind proxy',
      size: 4,
      idleInTransaction: 60_000,
      vanishedAfter: LIMIT,
      logger: silentLogger,
    })
    onTestFinished(async () => {
      await proxy.close()
      await pool.end()
    })
    return { pool, proxy }
  }

  /** Does something with the sessions that run a statement behind the proxy. */
  async function sleepers(what: 'pid' | 'pg_terminate_backend(pid)'): Promise<number> {
    const pool = createPool({
      url: database.url,
      applicationName: 'test',
      size: 1,
      idleInTransaction: 60_000,
      logger: silentLogger,
    })
    const { rows } = await pool.query(
      `SELECT ${what} FROM pg_stat_activity
       WHERE application_name = 'behind proxy' AND query LIKE '%pg_sleep%' AND state = 'active'`,
    )
    await pool.end()
    return rows.length
  }
})

const sessionOf = async (pool: Pool): Promise<{ readonly pid: number }> => {
  const { rows } = await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  const [row] = rows
  if (row === undefined) throw new Error('no session')
  return row
}

describe('inTransaction', () => {
  it('commits what resolves and rolls back what rejects, and gives the connection back', async () => {
    const pool = createPool({
      url: database.url,
      applicationName: 'test',
      size: 1,
      idleInTransaction: 5_000,
      logger: silentLogger,
    })
    await pool.query('CREATE TABLE facts (id integer PRIMARY KEY)')

    await inTransaction(pool, (client) => client.query('INSERT INTO facts VALUES (1)'))
    await expect(
      inTransaction(pool, async (client) => {
        await client.query('INSERT INTO facts VALUES (2)')
        throw new Error('planted')
      }),
    ).rejects.toThrow('planted')
    await expect(
      inTransaction(pool, (client) => client.query('INSERT INTO facts VALUES (1)')),
    ).rejects.toThrow('duplicate key')

    expect((await pool.query('SELECT id FROM facts')).rows).toEqual([{ id: 1 }])
    await pool.end()
  })
})
