import { readdir, readFile } from 'node:fs/promises'
import type { Pool, PoolClient } from 'pg'
import { DatabaseTooNew, DatabaseTooOld } from '../core/errors/index.js'
import { inTransaction } from './pool.js'
import { quoted, type Schemas } from './schemas.js'

/** The two sides migrate by themselves: they may live on different servers. */
export const SIDES = ['store', 'read'] as const
export type Side = (typeof SIDES)[number]

export interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
}

export interface MigrationStatus {
  readonly side: Side
  readonly schema: string
  readonly applied: readonly number[]
  readonly pending: readonly string[]
  /** Applied by a newer release; this one refuses such a schema. */
  readonly unknown: readonly number[]
}

/** What {@link migrate} would do to one side. */
export interface MigrationPlan {
  readonly side: Side
  readonly schema: string
  readonly pending: readonly Migration[]
  /** The whole transaction as SQL, for those who apply it by other means; empty when nothing is pending. */
  readonly sql: string
}

/** The migrations of a side in order. Forward only: a file that was released never changes. */
export const migrationsOf = async (side: Side): Promise<readonly Migration[]> => {
  const folder = new URL(`./migrations/${side}/`, import.meta.url)
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort()
  return Promise.all(
    files.map(async (file) => ({
      number: Number(file.slice(0, 4)),
      name: file.slice(0, -'.sql'.length),
      sql: await readFile(new URL(file, folder), 'utf8'),
    })),
  )
}

/**
 * Brings one side up to this build's version and answers the names of what it applied, in one transaction under a lock:
 * rivals wait and then find nothing to do. A database newer than this build is a {@link DatabaseTooNew}, left as it is.
 */
export const migrate = async (pool: Pool, side: Side, schemas: Schemas): Promise<readonly string[]> => {
  const schema = schemas[side]
  const migrations = await migrationsOf(side)
  return inTransaction(pool, async (client) => {
    await client.query(LOCK, [`reprise migrate ${schema}`])
    const applied = await appliedTo(client, schema)
    const pending = pendingOf(schema, applied, migrations)
    for (const statement of statementsFor(schema, pending)) await client.query(statement)
    return pending.map(({ name }) => name)
  })
}

/** What {@link migrate} would do now, refusals included. Changes nothing. */
export const planMigration = async (pool: Pool, side: Side, schemas: Schemas): Promise<MigrationPlan> => {
  const schema = schemas[side]
  const pending = pendingOf(schema, await appliedTo(pool, schema), await migrationsOf(side))
  return { side, schema, pending, sql: scriptOf(statementsFor(schema, pending)) }
}

/** The SQL of a whole side, as a script for an empty database. Asks no database. */
export const schemaSql = async (side: Side, schemas: Schemas): Promise<string> =>
  scriptOf(statementsFor(schemas[side], await migrationsOf(side)))

export const migrationStatus = async (pool: Pool, side: Side, schemas: Schemas): Promise<MigrationStatus> => {
  const schema = schemas[side]
  const migrations = await migrationsOf(side)
  const applied = await appliedTo(pool, schema)
  const pending = migrations.filter(({ number }) => !applied.includes(number)).map(({ name }) => name)
  const unknown = applied.filter((number) => number > newestKnown(migrations))
  return { side, schema, applied, pending, unknown }
}

/** Refuses to go on with a database that is older or newer than this build. Changes nothing. */
export const requireMigrated = async (pool: Pool, side: Side, schemas: Schemas): Promise<void> => {
  const { schema, applied, pending } = await migrationStatus(pool, side, schemas)
  const migrations = await migrationsOf(side)
  refuseNewer(schema, applied, migrations)
  if (pending.length > 0) throw new DatabaseTooOld(schema, newestOf(applied), newestKnown(migrations))
}

const refuseNewer = (schema: string, applied: readonly number[], migrations: readonly Migration[]): void => {
  const newest = newestKnown(migrations)
  const found = newestOf(applied)
  if (found > newest) throw new DatabaseTooNew(schema, found, newest)
}

const pendingOf = (
  schema: string,
  applied: readonly number[],
  migrations: readonly Migration[],
): readonly Migration[] => {
  refuseNewer(schema, applied, migrations)
  return migrations.filter(({ number }) => !applied.includes(number))
}

/** What applies the migrations, in order, within one transaction. Names and numbers come from our own files. */
const statementsFor = (schema: string, pending: readonly Migration[]): readonly string[] => {
  if (pending.length === 0) return []
  return [
    `CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`,
    `SET LOCAL search_path TO ${quoted(schema)}`,
    CREATE_MIGRATIONS,
    ...pending.flatMap(({ number, name, sql }) => [
      sql,
      `INSERT INTO migrations (number, name) VALUES (${number}, '${name}')`,
    ]),
  ]
}

const scriptOf = (statements: readonly string[]): string =>
  statements.length === 0 ? '' : ['BEGIN', ...statements, 'COMMIT'].map(terminated).join('\n\n')

const terminated = (statement: string): string => `${statement.trim().replace(/;$/, '')};`

const newestKnown = (migrations: readonly Migration[]): number => migrations.at(-1)?.number ?? 0

const newestOf = (applied: readonly number[]): number => Math.max(0, ...applied)

const appliedTo = async (client: Pool | PoolClient, schema: string): Promise<number[]> => {
  const { rows: found } = await client.query<{ exists: boolean }>(
    'SELECT to_regclass($1) IS NOT NULL AS exists',
    [`${quoted(schema)}.migrations`],
  )
  if (found[0]?.exists !== true) return []
  const { rows } = await client.query<{ number: number }>(
    `SELECT number FROM ${quoted(schema)}.migrations ORDER BY number`,
  )
  return rows.map(({ number }) => number)
}

const LOCK = 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))'

const CREATE_MIGRATIONS = `CREATE TABLE IF NOT EXISTS migrations (
  number     integer        PRIMARY KEY,
  name       text           NOT NULL,
  applied_at timestamptz(3) NOT NULL DEFAULT clock_timestamp()
)`
