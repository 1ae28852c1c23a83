import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chown, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { installOnce } from '../../local-servers/install-once.js'
import { lastLines } from '../../local-servers/log-tail.js'
import { type Binaries, program } from './binaries.js'
import { type DataFolder } from './data-folder.js'
import { EmbeddedPostgresUnavailable } from './embedded-postgres-unavailable.js'
import { runProgram } from './run-program.js'
import { type ServerAccount } from './server-account.js'

/**
 * Creates Postgres' data directory with a random password where there is none yet. It appears complete or
 * not at all. The caller holds the folder's lock.
 *
 * @throws {@link EmbeddedPostgresUnavailable} when initdb fails, or the data is of another major version
 */
export async function openCluster(binaries: Binaries, folder: DataFolder): Promise<void> {
  if (!existsSync(folder.cluster)) {
    await removeUnfinished(folder)
    const password = await newPassword(folder)
    await installOnce(folder.cluster, (unfinished) => initialise(binaries, folder, unfinished, password))
  }
  await checkVersion(binaries, folder)
}

/** The password of the data directory's superuser. */
export async function readPassword(folder: DataFolder): Promise<string> {
  try {
    return await readFile(folder.passwordFile, 'utf8')
  } catch (cause) {
    throw new EmbeddedPostgresUnavailable(
      `the password of the database cannot be read from ${folder.passwordFile}; ` +
        `restore that file, or delete ${folder.path} to start with an empty database`,
      { file: folder.passwordFile },
      { cause },
    )
  }
}

async function newPassword(folder: DataFolder): Promise<string> {
  const password = randomBytes(24).toString('hex')
  await writePrivately(`${folder.passwordFile}.new`, password)
  await rename(`${folder.passwordFile}.new`, folder.passwordFile)
  return password
}

async function initialise(
  binaries: Binaries,
  folder: DataFolder,
  unfinished: string,
  password: string,
): Promise<void> {
  const { account } = folder
  const passwordForInitdb = join(folder.path, 'password.initdb')
  await mkdir(unfinished, { mode: 0o700 })
  if (account) await chown(unfinished, account.uid, account.gid)
  await writePrivately(passwordForInitdb, password, account)
  try {
    const options = ['--username=postgres', '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C']
    const { code, output } = await runProgram(
      program(binaries, 'initdb'),
      ['-D', unfinished, `--pwfile=${passwordForInitdb}`, ...options, '--no-instructions'],
      account,
    )
    if (code !== 0) throw initdbFailed(binaries, folder, output)
  } finally {
    await rm(passwordForInitdb, { force: true })
  }
}

async function writePrivately(path: string, text: string, owner?: ServerAccount): Promise<void> {
  await rm(path, { force: true })
  await writeFile(path, text, { mode: 0o600, flag: 'wx' })
  if (owner) await chown(path, owner.uid, owner.gid)
}

/** What a process left that was killed while it created the data. */
async function removeUnfinished(folder: DataFolder): Promise<void> {
  for (const name of await readdir(folder.path)) {
    if (!name.startsWith('data.')) continue
    await rm(join(folder.path, name), { recursive: true, force: true, maxRetries: 3 })
  }
}

async function checkVersion(binaries: Binaries, folder: DataFolder): Promise<void> {
  const found = await readFile(join(folder.cluster, 'PG_VERSION'), 'utf8').catch(() => '')
  if (Number.parseInt(found, 10) === binaries.major) return
  throw new EmbeddedPostgresUnavailable(
    found === ''
      ? `${folder.cluster} holds no readable Postgres data; move it away, or name another data folder`
      : `the data in ${folder.cluster} is of Postgres ${found.trim()}, the installed binaries are ` +
          `${binaries.version}; install the package of that version again, or name another data folder`,
    { folder: folder.cluster, found: found.trim(), installed: binaries.version },
  )
}

function initdbFailed(binaries: Binaries, folder: DataFolder, output: string): EmbeddedPostgresUnavailable {
  return new EmbeddedPostgresUnavailable(
    `Postgres ${binaries.version} could not create its data in ${folder.cluster}; ` +
      `see the reason below, name another data folder, or set DATABASE_URL${lastLines(output)}`,
    { folder: folder.cluster, version: binaries.version },
  )
}
