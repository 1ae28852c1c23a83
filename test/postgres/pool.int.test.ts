import { describe, expect, it } from 'vitest'
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
        await pool.query('SELECT pg_terminate_backend($1)', [rows[0].pid])
        await new Promise((resolve) => client.once('end', resolve))
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
    await pool.end()
  })
})

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
