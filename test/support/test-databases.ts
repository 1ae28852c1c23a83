import { randomBytes } from 'node:crypto'
import pg from 'pg'

const prefix = 'reprise_test_'
/** Of what databases are copied from; they are made again when they are missing. */
export const templatePrefix = 'reprise_template_'

/** A name that tells when its database was made, so that one left by a killed run is recognised. */
export function newDatabaseName(): string {
  return `${prefix}${Date.now().toString(36)}_${randomBytes(4).toString('hex')}`
}

/** Runs statements on a connection of its own. */
export async function onServer<T>(url: string, action: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'test support' })
  await client.connect()
  try {
    return await action(client)
  } finally {
    await client.end()
  }
}

/** Drops what runs left: templates, and databases made before a time (milliseconds) when nobody used the server. */
export async function dropLeftDatabases(url: string, before: number): Promise<void> {
  await onServer(url, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      'select datname from pg_database where starts_with(datname, $1) or starts_with(datname, $2)',
      [prefix, templatePrefix],
    )
    for (const { datname } of rows) {
      const made = Number.parseInt(datname.slice(prefix.length), 36)
      if (made < before || datname.startsWith(templatePrefix))
        await client.query(`drop database if exists "${datname}"`)
    }
  })
}
