import type { Pool } from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { DatabaseTooNew, DatabaseTooOld } from 'reprise'
import {
  migrate,
  migrationsOf,
  migrationStatus,
  requireMigrated,
  type Side,
  SIDES,
} from '../../src/postgres/migrate.js'
import { createPool } from '../../src/postgres/pool.js'
import { freshDatabase } from '../support/database.js'
import { silentLogger } from '../support/silent-logger.js'
import { schemas } from '../support/write-side.js'

describe.each([
  [18, 'store'],
  [18, 'read'],
  [15, 'store'],
  [15, 'read'],
] as const)('migrate on Postgres %i, side %s', (server, side) => {
  it('applies everything once, in order, and nothing the second time', async () => {
    const { pool } = await emptyDatabase(server)
    const known = await migrationsOf(side)

    expect(await migrate(pool, side, schemas)).toEqual(known.map(({ name }) => name))
    expect(await migrate(pool, side, schemas)).toEqual([])

    expect(await appliedTo(pool, side)).toEqual(known.map(({ number }) => number))
    await expect(requireMigrated(pool, side, schemas)).resolves.toBeUndefined()
  })

  it('is done by one of several processes that come at the same time, and the others wait for it', async () => {
    const { pool, another } = await emptyDatabase(server)
    const rivals = [pool, another(), another(), another()]

    const applied = await Promise.all(rivals.map((rival) => migrate(rival, side, schemas)))

    expect(applied.filter(({ length }) => length > 0)).toHaveLength(1)
    await expect(requireMigrated(pool, side, schemas)).resolves.toBeUndefined()
  })

  it('refuses a database that a newer release has migrated, and changes nothing', async () => {
    const { pool } = await emptyDatabase(server)
    await migrate(pool, side, schemas)
    await pool.query(`INSERT INTO ${schemas[side]}.migrations (number, name) VALUES (9000, '9000_later')`)
    const before = await appliedTo(pool, side)

    await expect(migrate(pool, side, schemas)).rejects.toBeInstanceOf(DatabaseTooNew)
    await expect(requireMigrated(pool, side, schemas)).rejects.toBeInstanceOf(DatabaseTooNew)

    expect(await appliedTo(pool, side)).toEqual(before)
  })

  it('names what an older database lacks where it may not be migrated, and changes nothing', async () => {
    const { pool } = await emptyDatabase(server)

    await expect(requireMigrated(pool, side, schemas)).rejects.toBeInstanceOf(DatabaseTooOld)
    await expect(requireMigrated(pool, side, schemas)).rejects.toThrow('run reprise db migrate')

    const { rows } = await pool.query('SELECT FROM pg_namespace WHERE nspname = $1', [schemas[side]])
    expect(rows).toEqual([])
  })

  it('leaves nothing behind when a migration fails', async () => {
    const { pool } = await emptyDatabase(server)
    const last = { store: 'snapshots', read: 'lease_members' }[side]
    await pool.query(`CREATE SCHEMA ${schemas[side]}; CREATE TABLE ${schemas[side]}.${last} (id integer)`)

    await expect(migrate(pool, side, schemas)).rejects.toThrow('already exists')

    expect(await appliedTo(pool, side)).toEqual([])
    const { rows } = await pool.query('SELECT tablename FROM pg_tables WHERE schemaname = $1', [
      schemas[side],
    ])
    expect(rows).toEqual([{ tablename: last }])
  })
})

describe('SIDES', () => {
  it('migrate by themselves: neither needs the other', async () => {
    for (const side of SIDES) {
      const { pool } = await emptyDatabase(18)
      await migrate(pool, side, schemas)
      expect(await appliedTo(pool, side)).not.toEqual([])
    }
  })
})

async function emptyDatabase(server: 15 | 18): Promise<{ readonly pool: Pool; another(): Pool }> {
  const { url, drop } = await freshDatabase({ server })
  onTestFinished(drop)
  const another = (): Pool => {
    const pool = createPool({
      url,
      applicationName: 'test',
      size: 2,
      idleInTransaction: 5_000,
      logger: silentLogger,
    })
    onTestFinished(() => pool.end())
    return pool
  }
  return { pool: another(), another }
}

async function appliedTo(pool: Pool, side: Side): Promise<readonly number[]> {
  return (await migrationStatus(pool, side, schemas)).applied
}
