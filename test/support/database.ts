import type pg from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { migratedTemplate } from './database-template.js'
import { partAddress } from './part-address.js'
import { onKeptSession } from './server-session.js'
import { newDatabaseName, onServer } from './test-databases.js'
import { waitFor } from './wait-for.js'

export interface TestDatabase {
  readonly url: string
  /** Drops it; rejects, after dropping, when connections to it stayed open. */
  drop(): Promise<void>
}

interface Leak {
  readonly application_name: string
  readonly state: string | null
  readonly query: string
}

export interface DatabaseOptions {
  /** @defaultValue 18 */
  readonly server?: 15 | 18
  /** Whether it has our schemas already, with nothing in them. @defaultValue false */
  readonly migrated?: boolean
}

/** A database of one's own on a real server. */
export async function freshDatabase(options: DatabaseOptions = {}): Promise<TestDatabase> {
  const { migrated = false } = options
  const server = await partAddress(`/postgres/${options.server ?? 18}`)
  const name = newDatabaseName()
  const template = migrated ? await migratedTemplate(server) : 'template0'
  await onKeptSession(server, async (client) => {
    // Copies files: by default the server writes each page anew, which takes three times as long.
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`)
    // The run's server forgets what it has not written yet when its machine crashes.
    await client.query(`ALTER DATABASE ${name} SET reprise.unsafe_settings = 'allow'`)
  })
  const url = new URL(server)
  url.pathname = `/${name}`
  if (migrated) await onServer(url.href, (client) => client.query(OWN_STORE))
  return { url: url.href, drop: () => onKeptSession(server, (client) => dropDatabase(client, name)) }
}

/** Two copies of a template are two stores. */
const OWN_STORE = `UPDATE reprise_store.settings SET value = gen_random_uuid()::text WHERE name = 'store_id'`

/**
 * Gives the test file, or the `describe` it is called in, a database: made before its tests, dropped after
 * them. Tests that leave connections open fail it. `url` can be read in tests and hooks.
 */
export function useDatabase(options: DatabaseOptions = {}): { readonly url: string } {
  let database: TestDatabase | undefined
  beforeAll(async () => {
    database = await freshDatabase(options)
  })
  afterAll(() => database?.drop())
  return {
    get url() {
      if (database === undefined)
        throw new Error('the database is made before the tests: read url in one of them')
      return database.url
    },
  }
}

async function dropDatabase(client: pg.ClientBase, name: string): Promise<void> {
  let leaks: readonly Leak[] = []
  // A connection that was closed is listed until its server process has ended.
  await waitFor(
    async () => {
      leaks = await openConnections(client, name)
      return leaks.length === 0
    },
    // Shorter than a pool keeps an idle connection: one that nobody ended is a leak.
    { what: 'closed connections to end', deadline: 5_000 },
  ).catch(() => undefined)
  await client.query(`drop database if exists ${name} with (force)`)
  if (leaks.length > 0) throw new Error(leakMessage(leaks))
}

async function openConnections(client: pg.ClientBase, name: string): Promise<readonly Leak[]> {
  const { rows } = await client.query<Leak>(
    `select application_name, state, query from pg_stat_activity
      where datname = $1 and backend_type = 'client backend'`,
    [name],
  )
  return rows
}

function leakMessage(leaks: readonly Leak[]): string {
  const lines = leaks.map(
    ({ application_name, state, query }) => `  ${application_name || 'unnamed'}, ${state ?? '?'}: ${query}`,
  )
  return `${leaks.length} connections were left open, last seen with\n${lines.join('\n')}`
}
