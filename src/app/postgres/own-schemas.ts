import type { PoolClient } from 'pg'
import { ConfigurationError, TimedOut } from '../../core/errors/index.js'
import { inTransaction } from '../../postgres/pool.js'
import { quoted } from '../../postgres/schemas.js'
import { SQL_STATE, sqlStateOf } from '../../postgres/sql-state.js'
import type { AppModel } from '../app-model.js'
import type { Databases } from './databases.js'

export interface DroppedSchemas {
  /** In name order. */
  readonly schemas: readonly string[]
  /** The log that the dropped store had recorded. */
  readonly recordedLog: string | undefined
}

/** Milliseconds to wait for sessions that use a table: those of a killed process end within this. */
const LOCK_TIMEOUT = 10_000

/** Milliseconds that the one side may wait for the other. */
const OTHER_SIDE_TIMEOUT = 10 * LOCK_TIMEOUT

/**
 * Drops the schemas of an app on both sides: that of its store, that of its read side, those of its projections'
 * generations, and with them the public views, whose schema goes too unless somebody keeps other things in it.
 *
 * Each side goes in a transaction of its own, since they may be in two databases, and neither before both can. A process
 * that is killed between the two commits leaves the store, from which the read side would be made again.
 *
 * @throws {@link ConfigurationError} when something else in a database is built on what would be dropped,
 * {@link TimedOut} when other sessions do not let go; nothing is dropped then
 */
export async function dropOwnSchemas(
  { store, read, schemas, address, readAddress }: Databases,
  app: Pick<AppModel, 'name' | 'projections'>,
): Promise<DroppedSchemas> {
  try {
    return await inTransaction(store, async (client) => {
      const { recordedLog, dropped } = await dropStore(client, schemas.store, app.name)
      const setting = readAddress === address ? 'DATABASE_URL' : 'READ_DATABASE_URL'
      const ofReadSide = await inTransaction(read, (it) => dropReadSide(it, schemas.read, app, setting))
      return { schemas: [...dropped, ...ofReadSide].sort(), recordedLog }
    })
  } catch (error) {
    if (sqlStateOf(error) === SQL_STATE.lockNotAvailable || sqlStateOf(error) === SQL_STATE.deadlockDetected)
      throw new TimedOut(`other processes to let go of the schemas of ${app.name}`, LOCK_TIMEOUT)
    throw error
  }
}

async function dropStore(
  client: PoolClient,
  store: string,
  app: string,
): Promise<{ readonly dropped: readonly string[]; readonly recordedLog: string | undefined }> {
  await lockOutMigrations(client, store)
  const recordedLog = await recordedLogIn(client, store)
  const own = await namesOf(client, SCHEMAS, [[store], null])
  await refuseIfBuiltOn(client, own, app, 'DATABASE_URL')
  await dropSchemas(client, own)
  return { dropped: own, recordedLog }
}

async function dropReadSide(
  client: PoolClient,
  read: string,
  { name: app, projections }: Pick<AppModel, 'name' | 'projections'>,
  setting: string,
): Promise<readonly string[]> {
  await lockOutMigrations(client, read)
  const generations = projections.map(({ name }) => `${app}_${name}_g[0-9]+`).join('|')
  const former = await formerGenerations(client, read)
  const own = await namesOf(client, SCHEMAS, [[read, ...former], `^(${generations})$`])
  await refuseIfBuiltOn(client, own, app, setting)
  await dropSchemas(client, own)
  const empty = await namesOf(client, SCHEMA_IF_EMPTY, [app])
  await dropSchemas(client, empty)
  return [...own, ...empty]
}

async function lockOutMigrations(client: PoolClient, schema: string): Promise<void> {
  await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT}`)
  await client.query(`SET LOCAL idle_in_transaction_session_timeout = ${OTHER_SIDE_TIMEOUT}`)
  await client.query(LOCK_MIGRATIONS, [`reprise migrate ${schema}`])
}

async function dropSchemas(client: PoolClient, schemas: readonly string[]): Promise<void> {
  for (const schema of schemas) await client.query(`DROP SCHEMA ${quoted(schema)} CASCADE`)
}

async function recordedLogIn(client: PoolClient, store: string): Promise<string | undefined> {
  const settings = `${quoted(store)}.settings`
  const { rows: found } = await client.query<{ exists: boolean }>(EXISTS, [settings])
  if (found[0]?.exists !== true) return undefined
  const { rows } = await client.query<{ value: string }>(`SELECT value FROM ${settings} WHERE name = 'log'`)
  return rows[0]?.value
}

/** Generations of projections that the app may no longer have. */
async function formerGenerations(client: PoolClient, read: string): Promise<readonly string[]> {
  const generations = `${quoted(read)}.generations`
  const { rows: found } = await client.query<{ exists: boolean }>(EXISTS, [generations])
  if (found[0]?.exists !== true) return []
  return namesOf(client, `SELECT schema_name AS name FROM ${generations}`, [])
}

async function refuseIfBuiltOn(
  client: PoolClient,
  schemas: readonly string[],
  app: string,
  setting: string,
): Promise<void> {
  const strangers = await namesOf(client, BUILT_ON, [schemas, app])
  if (strangers.length === 0) return
  throw new ConfigurationError(
    setting,
    `leads to a database where ${strangers.join(', ')} is built on tables or views of ${app}: drop that first, as nothing but the app's own is dropped here`,
  )
}

async function namesOf(client: PoolClient, sql: string, parameters: unknown[]): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(sql, parameters)
  return rows.map(({ name }) => name)
}

/** The same lock as a migration's: a process that starts meanwhile waits, and finds an empty database. */
const LOCK_MIGRATIONS = 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))'

const EXISTS = 'SELECT to_regclass($1) IS NOT NULL AS exists'

/** $1 names, $2 pattern or null. */
const SCHEMAS = `
SELECT nspname::text AS name FROM pg_namespace WHERE nspname = ANY($1) OR nspname ~ $2 ORDER BY nspname`

/** $1 name. What a type, a function or a relation is in is not empty; other objects keep it from being dropped anyway. */
const SCHEMA_IF_EMPTY = `
SELECT n.nspname::text AS name FROM pg_namespace n
WHERE n.nspname = $1
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid)`

/**
 * $1 own schemas, $2 the public one. Views and foreign keys that a cascade would take along: those that depend on a
 * relation of the own schemas, or on one of the public views, which are named like the table they select from.
 */
const BUILT_ON = `
WITH own AS (
  SELECT c.oid, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY($1)
), uses AS (
  SELECT DISTINCT r.ev_class AS relation, d.refobjid AS used
  FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
  WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class
  UNION
  SELECT conrelid, confrelid FROM pg_constraint WHERE contype = 'f'
), public_views AS (
  SELECT c.oid FROM uses u
  JOIN own ON own.oid = u.used
  JOIN pg_class c ON c.oid = u.relation AND c.relname = own.relname
  JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = $2
)
SELECT DISTINCT u.relation::regclass::text AS name FROM uses u
WHERE (u.used IN (SELECT oid FROM own) OR u.used IN (SELECT oid FROM public_views))
  AND u.relation NOT IN (SELECT oid FROM own) AND u.relation NOT IN (SELECT oid FROM public_views)
ORDER BY 1`
