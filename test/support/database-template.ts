import { createHash } from 'node:crypto'
import type pg from 'pg'
import { schemaSql, SIDES } from '../../src/postgres/migrate.js'
import { schemasOf } from '../../src/postgres/schemas.js'
import { onKeptSession } from './server-session.js'
import { onServer, templatePrefix as prefix } from './test-databases.js'

const schemas = schemasOf('reprise')

const templates = new Map<string, Promise<string>>()

/** The name of a database with our schemas and nothing in them: copying it takes a tenth of the time of migrating. */
export function migratedTemplate(server: string): Promise<string> {
  const known = templates.get(server)
  if (known !== undefined) return known
  const made = makeTemplate(server)
  templates.set(server, made)
  return made
}

async function makeTemplate(server: string): Promise<string> {
  const scripts = await Promise.all(SIDES.map((side) => schemaSql(side, schemas)))
  const name = prefix + createHash('sha256').update(scripts.join()).digest('hex').slice(0, 16)
  await onKeptSession(server, async (client) => {
    if (await exists(client, name)) return
    await client.query(`SELECT pg_advisory_lock(hashtext($1))`, [prefix])
    try {
      if (!(await exists(client, name))) await fill(client, server, name, scripts)
    } finally {
      await client.query(`SELECT pg_advisory_unlock(hashtext($1))`, [prefix])
    }
  })
  return name
}

/** It bears its name when it is complete. */
async function fill(
  client: pg.ClientBase,
  server: string,
  name: string,
  scripts: readonly string[],
): Promise<void> {
  const unfinished = `${name}_unfinished`
  await client.query(`DROP DATABASE IF EXISTS ${unfinished}`)
  await client.query(`CREATE DATABASE ${unfinished} TEMPLATE template0`)
  const url = new URL(server)
  url.pathname = `/${unfinished}`
  await onServer(url.href, async (inside) => {
    for (const script of scripts) await inside.query(script)
  })
  await client.query(`ALTER DATABASE ${unfinished} RENAME TO ${name}`)
}

async function exists(client: pg.ClientBase, name: string): Promise<boolean> {
  const { rows } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name])
  return rows.length > 0
}
