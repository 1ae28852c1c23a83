import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { memoryFolder } from '../../support/memory-folder.js'
import { Chance } from '../chance.js'
import { PostgresServer } from '../servers/postgres-server.js'
import type { Surroundings } from './nemesis.js'
import { postgresImmediate, postgresKill, postgresTerminate } from './postgres.js'

let folder = ''
let postgres: PostgresServer
beforeAll(async () => {
  folder = await mkdtemp(join((await memoryFolder()) ?? tmpdir(), 'reprise-nemeses-'))
  postgres = await PostgresServer.start(join(folder, 'data'), 1)
})
afterAll(async () => {
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
})

/** What these nemeses look at. */
const surroundings = (): Surroundings => ({ postgres, storeDatabase: 'postgres' }) as Surroundings

describe('a nemesis of Postgres', () => {
  it.each([postgresTerminate, postgresImmediate, postgresKill])(
    'ends sessions, and leaves a server behind that takes new ones: $name',
    async (nemesis) => {
      const victims = Array.from(
        { length: 12 },
        () => new pg.Client({ connectionString: postgres.around('postgres') }),
      )
      await Promise.all(victims.map((victim) => victim.connect()))
      victims.forEach((victim) => victim.on('error', () => undefined))
      const ended = victims.map((victim) => new Promise((resolve) => victim.once('end', resolve)))

      const strike = await nemesis.strike(surroundings(), Chance.of(1, nemesis.name))

      expect(strike).toMatchObject({ target: 'postgres' })
      await Promise.race(ended)
      await strike?.heal()
      const client = new pg.Client({ connectionString: postgres.around('postgres') })
      await client.connect()
      expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
      await client.end()
      await Promise.all(victims.map((victim) => victim.end().catch(() => undefined)))
    },
  )
})
