import type { Pool } from 'pg'
import { describe, expect, it } from 'vitest'
import { areOneDatabase } from '../../../src/app/postgres/one-database.js'
import { createPool } from '../../../src/postgres/pool.js'
import { useDatabase } from '../../support/database.js'
import { silentLogger } from '../../support/silent-logger.js'

const one = useDatabase()
const other = useDatabase()
const older = useDatabase({ server: 15 })

async function areOne(url: string, otherUrl: string): Promise<boolean> {
  const common = { applicationName: 'test', size: 1, idleInTransaction: 5_000, logger: silentLogger }
  const pools = [url, otherUrl].map((it) => createPool({ ...common, url: it })) as [Pool, Pool]
  try {
    return await areOneDatabase(...pools)
  } finally {
    await Promise.all(pools.map((pool) => pool.end()))
  }
}

describe('areOneDatabase', () => {
  it('knows a database by another address', async () => {
    const spelledOtherwise = new URL(one.url)
    spelledOtherwise.hostname = 'localhost'
    spelledOtherwise.searchParams.set('application_name', 'another')

    expect(spelledOtherwise.href).not.toBe(one.url)
    expect(await areOne(one.url, spelledOtherwise.href)).toBe(true)
  })

  it('tells two databases of one server apart, and two servers', async () => {
    expect(await areOne(one.url, other.url)).toBe(false)
    expect(await areOne(one.url, older.url)).toBe(false)
  })

  it('leaves no lock behind', async () => {
    expect(await areOne(one.url, one.url)).toBe(true)
    expect(await areOne(other.url, one.url)).toBe(false)
  })
})
