import type { Pool } from 'pg'
import type { Logger } from '../../../core/ports/logger.js'
import { migrationStatus, type Side } from '../../../postgres/migrate.js'
import { createPool } from '../../../postgres/pool.js'
import { type Schemas, schemasOf } from '../../../postgres/schemas.js'
import { sqlStateOf } from '../../../postgres/sql-state.js'
import { addressText, OLDEST_SERVER, reasonOf, serverVersion } from '../../postgres/databases.js'
import { type UnsafeSetting, unsafeSequences, unsafeSettings } from '../../postgres/safe-settings.js'
import type { Settings } from '../../settings.js'
import { type Check, examined, NoAnswer, ok, problem, warning, within } from '../check.js'

/** A database to look at, and the sides of the app that are in it. */
export interface SideToCheck {
  readonly name: string
  /** Where its address comes from: `its address is that of DATABASE_URL`. */
  readonly origin: string
  readonly url: string
  readonly sides: readonly Side[]
}

/** What was found, and the way in for further checks. */
export interface Reached {
  readonly checks: readonly Check[]
  readonly pool: Pool
  /** Whether it said nothing at all, neither good nor bad. */
  readonly isSilent: boolean
  /** The sides that are as this release needs them. */
  readonly sides: readonly Side[]
  close(): Promise<void>
}

const CONNECTIONS = 4
const IDLE_IN_TRANSACTION = 5_000
/** Milliseconds by which clocks may differ before people who compare times are misled. */
const SKEW = 1_000

/** Whether a database can be reached, is safe, and is as this release needs it. */
export async function databaseChecks(
  { name, origin, url, sides }: SideToCheck,
  { schemaPrefix }: Pick<Settings, 'schemaPrefix'>,
  logger: Logger,
): Promise<Reached> {
  const pool = createPool({
    url,
    applicationName: 'reprise doctor',
    size: CONNECTIONS,
    idleInTransaction: IDLE_IN_TRANSACTION,
    logger,
  })
  const close = (): Promise<void> => pool.end()
  const { first, isSilent } = await reach(pool, name, origin, url)
  if (first.state !== 'ok') return { checks: [first], pool, isSilent, sides: [], close }
  const schemas = schemasOf(schemaPrefix)
  const checks: Check[] = [first]
  const look = async (
    check: string,
    at: () => Promise<Check | readonly Check[]>,
  ): Promise<readonly Check[]> => {
    const found = await examined(check, at)
    checks.push(...found)
    return found
  }
  await look(`${name} settings`, () => settingChecks(pool, name))
  await look(`${name} clock`, () => clockCheck(pool, name))
  const fit: Side[] = []
  for (const side of sides) {
    const [rights] = await look(`${side} privileges`, () => privilegeCheck(pool, side, schemas[side]))
    if (rights?.state !== 'ok') continue
    const [schema] = await look(`${side} schema`, () => schemaCheck(pool, side, schemas))
    if (schema?.state !== 'ok') continue
    fit.push(side)
    await look(`${side} sequences`, () => sequenceChecks(pool, side, schemas[side]))
  }
  return { checks, pool, isSilent, sides: fit, close }
}

interface Attempt extends Pick<Reached, 'isSilent'> {
  readonly first: Check
}

async function reach(pool: Pool, name: string, origin: string, url: string): Promise<Attempt> {
  const address = addressText(url)
  try {
    const version = await within(serverVersion(pool))
    const first =
      version < OLDEST_SERVER
        ? problem(name, `${address} is Postgres ${version}`, `upgrade it to ${OLDEST_SERVER} or newer`)
        : ok(name, `${address} answers (Postgres ${version})`)
    return { first, isSilent: false }
  } catch (error) {
    const fact = `${address} cannot be reached: ${reasonOf(error)}`
    return { first: problem(name, fact, remedyFor(error, origin)), isSilent: error instanceof NoAnswer }
  }
}

/** Source of the states: the PostgreSQL manual, appendix "Error Codes". */
const REMEDIES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: start the server',
  ENOTFOUND: 'no such host is known: correct its name',
  EAI_AGAIN: 'names of hosts cannot be looked up: check the network',
  '28P01': 'correct the password',
  '28000': 'correct the user, or let it in by pg_hba.conf',
  '3D000': 'create the database, or correct its name',
  '53300': 'its connections are used up: raise max_connections, or lower REPRISE_POOL_SIZE',
  '57P03': 'it is starting, stopping or recovering: wait, and read its log',
}

const SILENT = 'see whether it is paused, overloaded, or cut off by the network'

function remedyFor(error: unknown, origin: string): string {
  const code = sqlStateOf(error) ?? codeOf(error)
  const known = code === undefined ? undefined : REMEDIES[code]
  const what =
    known ?? (error instanceof NoAnswer ? SILENT : 'check that it runs and can be reached from here')
  return `${what}; ${origin}`
}

function codeOf(error: unknown): string | undefined {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error
  return first instanceof Error && 'code' in first ? String(first.code) : undefined
}

async function settingChecks(pool: Pool, name: string): Promise<readonly Check[]> {
  const found = await unsafeSettings(pool)
  if (found.length === 0) return [ok(`${name} settings`, 'keep what was committed')]
  return found.map((it) => unsafeCheck(`${name} ${it.name}`, it))
}

function unsafeCheck(check: string, { refused, problem: fact, remedy }: UnsafeSetting): Check {
  return refused ? problem(check, fact, remedy) : warning(check, fact, remedy)
}

async function clockCheck(pool: Pool, name: string): Promise<Check> {
  const asked = Date.now()
  const { rows } = await pool.query<{ now: Date }>('SELECT clock_timestamp() AS now')
  const answered = Date.now()
  const theirs = rows[0]?.now.getTime() ?? 0
  const skew = Math.round(theirs - (asked + answered) / 2)
  const fact = `${Math.abs(skew)} ms ${skew < 0 ? 'behind' : 'ahead of'} this machine's`
  return Math.abs(skew) <= SKEW + (answered - asked)
    ? ok(`${name} clock`, fact)
    : warning(
        `${name} clock`,
        fact,
        'have both follow a time server: leases go by the database, but times in events are those of each process',
      )
}

async function schemaCheck(pool: Pool, side: Side, schemas: Schemas): Promise<Check> {
  const { schema, applied, pending, unknown } = await migrationStatus(pool, side, schemas)
  const check = `${side} schema`
  if (unknown.length > 0)
    return problem(
      check,
      `${schema} was migrated by a newer release, which knows ${unknown.join(', ')}`,
      'run that release',
    )
  if (applied.length === 0)
    return problem(
      check,
      `there is no ${schema}: the app was never started here`,
      'run reprise db migrate, or start the app once; or correct REPRISE_SCHEMA_PREFIX',
    )
  return pending.length === 0
    ? ok(check, `${schema} is up to date (${applied.length} migrations)`)
    : problem(check, `${schema} lacks ${pending.join(', ')}`, 'run reprise db migrate')
}

async function sequenceChecks(pool: Pool, side: Side, schema: string): Promise<readonly Check[]> {
  const check = `${side} sequences`
  const found = await unsafeSequences(pool, schema)
  return found.length === 0
    ? [ok(check, 'give out numbers one by one')]
    : found.map((it) => unsafeCheck(check, it))
}

async function privilegeCheck(pool: Pool, side: Side, schema: string): Promise<Check> {
  const check = `${side} privileges`
  const { rows } = await pool.query<{ lacking: string }>(LACKING_PRIVILEGES, [schema, side === 'read'])
  return rows.length === 0
    ? ok(check, 'suffice')
    : problem(
        check,
        `this user may not ${rows.map(({ lacking }) => lacking).join(', ')}`,
        'grant it to the user, or connect as the owner of the schema',
      )
}

/** $1 schema, $2 whether it is the read side, where each generation of a projection gets a schema. */
const LACKING_PRIVILEGES = `
SELECT 'use schema ' || n.nspname AS lacking FROM pg_namespace n
WHERE n.nspname = $1 AND NOT has_schema_privilege(n.oid, 'USAGE')
UNION ALL
SELECT 'create schemas in this database' WHERE $2 AND NOT has_database_privilege(current_database(), 'CREATE')
UNION ALL
SELECT 'read and write ' || string_agg(c.relname, ', ' ORDER BY c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind = 'r' AND has_schema_privilege(n.oid, 'USAGE')
  AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT'))
HAVING count(*) > 0`
