import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { quoted } from '../../../postgres/schemas.js'

/** A database that exists for one test. */
export interface ThrowAwayDatabase {
  readonly url: string
  /** Drops it, whoever is connected to it. */
  drop(): Promise<void>
}

const PREFIX = 'reprise_kit_'

/** Makes an empty database on a server. */
export async function createDatabase(server: string): Promise<ThrowAwayDatabase> {
  const name = `${PREFIX}${Date.now().toString(36)}_${randomBytes(4).toString('hex')}`
  await onServer(server, async (client) => {
    await client.query(createStatement(name))
    await client.query(forgetStatement(name))
  })
  const url = new URL(server)
  url.pathname = `/${name}`
  return {
    url: url.href,
    drop: () =>
      onServer(server, async (client) => {
        await client.query(dropStatement(name))
      }),
  }
}

/** Drops databases of tests that were killed: made before a time (milliseconds) when nobody used the server. */
export function dropLeftDatabases(server: string, before: number): Promise<void> {
  return onServer(server, async (client) => {
    const { rows } = await client.query<{ name: string }>(LEFT_DATABASES, [PREFIX])
    for (const { name } of rows) {
      const made = Number.parseInt(name.slice(PREFIX.length), 36)
      if (made < before) await client.query(dropStatement(name))
    }
  })
}

/** $1 prefix. */
const LEFT_DATABASES = 'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)'

/** From the template that nobody is connected to, and that has one sort order everywhere. */
const createStatement = (name: string): string => `CREATE DATABASE ${quoted(name)} TEMPLATE template0`

/** Its data is thrown away anyway: an app that is started on it need not ask that commits wait for the disk. */
const forgetStatement = (name: string): string =>
  `ALTER DATABASE ${quoted(name)} SET reprise.unsafe_settings = 'allow'`

const dropStatement = (name: string): string => `DROP DATABASE IF EXISTS ${quoted(name)} WITH (FORCE)`

async function onServer<T>(url: string, action: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'reprise testing' })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await action(client)
  } finally {
    await client.end()
  }
}
