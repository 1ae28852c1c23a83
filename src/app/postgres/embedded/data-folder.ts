import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { access, chmod, constants, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { makeFolder } from '../../local-servers/make-folder.js'
import { openOwnFolder } from './binaries.js'
import { EmbeddedPostgresUnavailable } from './embedded-postgres-unavailable.js'
import { type ServerAccount, accountForRoot, isRoot, mayEnter } from './server-account.js'

/** The places of one server: its data, and beside it what the processes that use it share. */
export interface DataFolder {
  readonly path: string
  /** Postgres' own data directory. */
  readonly cluster: string
  readonly passwordFile: string
  readonly log: string
  /** Marks of the processes that use the server. */
  readonly users: string
  /** Held by the one process that starts or stops it. */
  readonly lock: string
  /** Who runs the server and owns the data, where that is not ourselves. */
  readonly account: ServerAccount | undefined
}

/**
 * Creates the folder where it is missing. For root the server runs under another account; where that cannot
 * enter the named folder, one under /var/tmp is used, with a name that follows from the named folder's path,
 * and `notice` is told.
 *
 * @throws {@link EmbeddedPostgresUnavailable} when it cannot be written to
 */
export async function openDataFolder(named: string, notice: (line: string) => void): Promise<DataFolder> {
  try {
    await makeFolder(resolve(named))
    const { path, moved } = await placeFor(join(await realpath(named), 'postgres'))
    if (moved !== undefined) {
      await openOwnFolder(dirname(path))
      notice(moved)
    }
    await makeFolder(path)
    await access(path, constants.W_OK | constants.X_OK)
    // The server's account has to pass through, but has no business with the password beside its data.
    await chmod(path, isRoot() ? 0o711 : 0o700)
    return placesIn(path, isRoot() ? await accountForRoot(clusterIn(path)) : undefined)
  } catch (error) {
    if (error instanceof EmbeddedPostgresUnavailable) throw error
    throw await notUsable(resolve(named), error)
  }
}

/**
 * Where {@link openDataFolder} would have the data, as things are now; nothing is made.
 *
 * @throws {@link EmbeddedPostgresUnavailable} when root has no account to run a server under
 */
export async function findDataFolder(named: string): Promise<string> {
  const { path } = await placeFor(join(await futurePath(resolve(named)), 'postgres'))
  return path
}

/** The real path that a folder has, or will have once it is made. */
async function futurePath(folder: string): Promise<string> {
  const existing = nearestExisting(folder)
  return join(await realpath(existing), relative(existing, folder))
}

function nearestExisting(folder: string): string {
  const parent = dirname(folder)
  return parent === folder || existsSync(folder) ? folder : nearestExisting(parent)
}

/** The places of one server beneath its folder. */
export function placesIn(path: string, account: ServerAccount | undefined): DataFolder {
  return {
    path,
    cluster: clusterIn(path),
    passwordFile: join(path, 'password'),
    log: join(path, 'server.log'),
    users: join(path, 'users'),
    lock: join(path, 'lock'),
    account,
  }
}

function clusterIn(path: string): string {
  return join(path, 'data')
}

interface Place {
  readonly path: string
  /** Why it is not the one that is wanted, if it is another one. */
  readonly moved?: string
}

async function placeFor(wanted: string): Promise<Place> {
  if (!isRoot()) return { path: wanted }
  const project = dirname(wanted)
  const hash = createHash('sha256').update(wanted).digest('hex').slice(0, 12)
  const own = join('/var/tmp', `reprise-${process.getuid?.() ?? 0}`)
  const other = join(own, `${basename(dirname(project))}-${hash}`)
  const account = await accountForRoot(clusterIn(wanted))
  // A folder that is made later can be entered like the one that it is made in.
  const enterable = await mayEnter(account, nearestExisting(project))
  // Data that went there once stays in use when the project's folder becomes enterable later.
  const isThere = existsSync(clusterIn(other)) && !existsSync(clusterIn(wanted))
  if (enterable && !isThere) return { path: wanted }
  const moved = enterable
    ? `the database stays in ${other}, where an earlier run created it`
    : `the database is kept in ${other}: root runs Postgres as another user, who cannot enter ${project}`
  return { path: other, moved }
}

async function notUsable(folder: string, cause: unknown): Promise<EmbeddedPostgresUnavailable> {
  const { code, message } = cause as NodeJS.ErrnoException
  const owner = await stat(join(folder, 'postgres')).catch(() => undefined)
  const foreign = owner !== undefined && owner.uid !== process.getuid?.()
  return new EmbeddedPostgresUnavailable(
    `the data folder ${folder} cannot be used (${code ?? message})` +
      (foreign
        ? `: its database belongs to the user with id ${owner.uid}; run as that user`
        : '; make it writable') +
      ', name another folder, or set DATABASE_URL',
    { folder, reason: code ?? message },
    { cause },
  )
}
