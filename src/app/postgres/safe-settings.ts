import type { ClientBase, Pool, PoolClient } from 'pg'
import { ConfigurationError } from '../../core/errors/index.js'
import type { Logger } from '../../core/ports/logger.js'
import { quoted } from '../../postgres/schemas.js'

/** Something about a server, a session or a sequence that breaks a promise, by its own name. */
export interface UnsafeSetting {
  readonly name: string
  /** Whether an app is not started on it. Otherwise it is warned of. */
  readonly refused: boolean
  /** What it is, and what comes of it; after "leads to". */
  readonly problem: string
  readonly remedy: string
}

/**
 * A database, a role or a server may declare that its data may be lost, as one for tests does: what only a crash of the
 * machine can do harm with is then warned of.
 */
const ALLOWED_BY = `ALTER DATABASE … SET reprise.unsafe_settings = 'allow'`

/**
 * Refuses a server on which promises cannot hold, and warns of what they hold on with less. Sessions whose commits would
 * not wait for the disk are told to, now and whenever one of these pools opens another.
 *
 * `pools` lead to one server.
 *
 * @throws {@link ConfigurationError} that names `setting`, what is unsafe and the remedy
 */
export async function requireSafeSettings(
  pools: readonly [Pool, ...Pool[]],
  setting: string,
  logger: Logger,
): Promise<void> {
  const [pool] = pools
  const session = await readSession(pool)
  if (session.commits === 'off' && !session.mayForget) for (const it of pools) await waitForCommits(it)
  const found = [...unsafeIn(session), ...(await unsafePooler(pool))]
  const refused = found.find((it) => it.refused)
  if (refused !== undefined)
    throw new ConfigurationError(setting, `leads to ${refused.problem}: ${refused.remedy}`)
  if (session.mayForget && found.length > 0) {
    const unsafe = found.map(({ name }) => `${name}=off`).join(', ')
    logger.warn({ setting, unsafe }, `${setting} leads to a database that declares that its data may be lost`)
  } else
    for (const { name, problem, remedy } of found)
      logger.warn({ setting, unsafe: name }, `${setting} leads to ${problem}: ${remedy}`)
}

/** What is unsafe about the server that a pool leads to, and about the sessions in between. Changes nothing. */
export async function unsafeSettings(pool: Pool): Promise<readonly UnsafeSetting[]> {
  const session = await readSession(pool)
  // The app tells its sessions otherwise; where the data may be lost, it does not.
  const found = unsafeIn(session).filter(({ name }) => name !== 'synchronous_commit' || session.mayForget)
  return [...found, ...(await unsafePooler(pool))]
}

/**
 * Refuses sequences that give out numbers in blocks: an event could get a lower position than one that was committed
 * before it.
 *
 * @throws {@link ConfigurationError}
 */
export async function requireSafeSequences(pool: Pool, schema: string, setting: string): Promise<void> {
  const [first] = await unsafeSequences(pool, schema)
  if (first === undefined) return
  throw new ConfigurationError(setting, `leads to ${first.problem}: ${first.remedy}`)
}

/** The sequences of a schema that give out numbers in blocks. Changes nothing. */
export async function unsafeSequences(pool: Pool, schema: string): Promise<readonly UnsafeSetting[]> {
  const { rows } = await pool.query<{ name: string; cache: string }>(CACHED_SEQUENCES, [schema])
  return rows.map(({ name, cache }) => {
    const sequence = `${quoted(schema)}.${quoted(name)}`
    return {
      name: 'CACHE',
      refused: true,
      problem: `a database whose sequence ${sequence} has CACHE ${cache}, which gives out numbers out of order`,
      remedy: `ALTER SEQUENCE ${sequence} CACHE 1`,
    }
  })
}

interface SessionSettings {
  readonly fsync: string
  readonly fullPages: string
  readonly commits: string
  readonly readOnly: string
  readonly standby: boolean
  readonly mayForget: boolean
}

async function readSession(pool: Pool): Promise<SessionSettings> {
  const { rows } = await pool.query<SessionSettings>(SESSION_SETTINGS)
  const [session] = rows
  if (session === undefined)
    throw new Error('the database answered a question about its settings with nothing')
  return session
}

function unsafeIn(session: SessionSettings): readonly UnsafeSetting[] {
  const { fsync, fullPages, commits, readOnly, standby, mayForget } = session
  const found: UnsafeSetting[] = []
  if (standby)
    found.push({
      name: 'standby',
      refused: true,
      problem: 'a standby, which takes no writes',
      remedy: 'name the primary, or an address that follows it',
    })
  else if (readOnly === 'on')
    found.push({
      name: 'default_transaction_read_only',
      refused: true,
      problem: 'sessions with default_transaction_read_only=on, which take no writes',
      remedy: 'turn it off for this role and database (ALTER ROLE … SET default_transaction_read_only = off)',
    })
  if (fsync === 'off')
    found.push({
      name: 'fsync',
      refused: !mayForget,
      problem:
        'a server with fsync=off, where a crash of the machine loses what was acknowledged, or all of it',
      remedy: mayForget ? MAY_FORGET : `turn it on, or declare that its data may be lost (${ALLOWED_BY})`,
    })
  if (fullPages === 'off')
    found.push({
      name: 'full_page_writes',
      refused: false,
      problem: 'a server with full_page_writes=off, where a crash of the machine may tear pages',
      remedy: mayForget ? MAY_FORGET : 'turn it on, unless its file system writes pages whole',
    })
  if (commits === 'off')
    found.push({
      name: 'synchronous_commit',
      refused: false,
      problem: 'sessions with synchronous_commit=off, whose commits do not wait for the disk',
      remedy: mayForget ? MAY_FORGET : 'it was turned on for the sessions of this process',
    })
  return found
}

const MAY_FORGET = 'it declares by reprise.unsafe_settings that its data may be lost'

async function waitForCommits(pool: Pool): Promise<void> {
  // Awaited before anybody has the connection, which takes no two statements at a time.
  Object.assign(pool.options, { onConnect: (client: ClientBase) => client.query(SOON_TO_DISK) })
  // Those that are open already: nobody else uses the pool yet.
  const open = await Promise.all(Array.from({ length: pool.totalCount }, () => pool.connect()))
  for (const client of open) await client.query(COMMIT_TO_DISK).finally(() => client.release())
}

/**
 * Listening, advisory locks and settings belong to sessions. A pooler that lends a session for one transaction at a time
 * shows itself by serving two open connections from one server process, or one connection from two.
 */
async function unsafePooler(pool: Pool): Promise<readonly UnsafeSetting[]> {
  const one = await pool.connect()
  try {
    const other = await pool.connect()
    try {
      if (!(await shareServers(one, other))) return []
    } finally {
      other.release()
    }
  } finally {
    one.release()
  }
  return [
    {
      name: 'pool_mode',
      refused: true,
      problem: 'a pooler that shares one session among connections (transaction mode)',
      remedy:
        'connect to the server itself, or to a pool in session mode: sessions listen, lock and have settings',
    },
  ]
}

const ROUNDS = 3

async function shareServers(one: PoolClient, other: PoolClient): Promise<boolean> {
  const [ofOne, ofOther] = [new Set<number>(), new Set<number>()]
  for (let round = 0; round < ROUNDS; round++) {
    ofOne.add(await serverProcessOf(one))
    ofOther.add(await serverProcessOf(other))
  }
  return ofOne.size > 1 || ofOther.size > 1 || [...ofOne].some((pid) => ofOther.has(pid))
}

async function serverProcessOf(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  return rows[0]?.pid ?? 0
}

const COMMIT_TO_DISK = 'SET synchronous_commit = on'

/** In milliseconds: until a connection is handed out, nothing else finds out that its server has vanished. */
const SOON_TO_DISK = { text: COMMIT_TO_DISK, query_timeout: 10_000 }

const SESSION_SETTINGS = `
SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS "fullPages",
       current_setting('synchronous_commit') AS commits,
       current_setting('default_transaction_read_only') AS "readOnly", pg_is_in_recovery() AS standby,
       coalesce(current_setting('reprise.unsafe_settings', true), '') = 'allow' AS "mayForget"`

/** $1 schema. */
const CACHED_SEQUENCES = `
SELECT c.relname::text AS name, s.seqcache::text AS cache
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND s.seqcache > 1 ORDER BY c.relname`
