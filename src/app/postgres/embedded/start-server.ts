import { type ChildProcess, spawn } from 'node:child_process'
import { openSync, closeSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { logTail } from '../../local-servers/log-tail.js'
import { freePort, isPortFree } from '../../local-servers/ports.js'
import { type Binaries, program } from './binaries.js'
import { ANSWERS_WITHIN, answerOf, wayOutOfSilence } from './connection.js'
import { type DataFolder } from './data-folder.js'
import { EmbeddedPostgresUnavailable } from './embedded-postgres-unavailable.js'
import { serverEnvironment } from './run-program.js'
import {
  findRunningServer,
  lastPortOf,
  removeMistakablePidFile,
  type RunningServer,
} from './running-server.js'

export interface ServerStart {
  readonly binaries: Binaries
  readonly folder: DataFolder
  readonly password: string
  readonly settings: Readonly<Record<string, string>>
  /** The only port that will do. @defaultValue the folder's last one if it is free, else any free one */
  readonly port?: number
}

/** How long crash recovery may take. */
const readyWithin = 120_000
/** How long reasons to exit that pass by themselves are waited out. */
const retryFor = 10_000
const passingReasons = /Address already in use|pre-existing shared memory block|lock file "postmaster\.pid"/

const defaults: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '128MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
}

/**
 * Makes sure that a server runs on the folder and answers. The caller holds the folder's lock. One that starts or recovers
 * is waited for; one that runs and is silent is not, since nothing tells whether it ever goes on.
 *
 * @throws {@link EmbeddedPostgresUnavailable} with the end of the server's log, or with what to do about a silent server
 */
export async function adoptOrStart(start: ServerStart): Promise<{ port: number; adopted: boolean }> {
  const until = Date.now() + readyWithin
  const retryUntil = Date.now() + retryFor
  while (Date.now() < until) {
    const running = await findRunningServer(start.folder.cluster)
    if (running === undefined) {
      const port = await tryToStart(start, until, retryUntil)
      if (port !== undefined) return { port, adopted: false }
    } else if (!running.stopping) {
      const answer = await answerOf(running.port, start)
      if (answer === 'ready') return { port: running.port, adopted: true }
      if (answer === 'silent') throw silent(start, running)
    }
    await delay(50)
  }
  throw await failed(
    start,
    `does not answer after ${readyWithin / 1000} s; it may still be recovering, try again`,
  )
}

/** Undefined when the server went away for a reason that passes. */
async function tryToStart(
  start: ServerStart,
  until: number,
  retryUntil: number,
): Promise<number | undefined> {
  await removeMistakablePidFile(start.folder.cluster)
  const port = await choosePort(start)
  await rename(start.folder.log, `${start.folder.log}.old`).catch(() => undefined)
  const server = spawnServer(start, port)
  const exited = exitOf(server)
  while (Date.now() < until) {
    if ((await answerOf(port, start)) === 'ready') return port
    const reason = await Promise.race([exited, delay(30)])
    if (reason === undefined) continue
    const log = await logTail(start.folder.log)
    if (passingReasons.test(log) && Date.now() < retryUntil) return undefined
    throw await failed(start, reason)
  }
  throw await failed(
    start,
    `does not answer after ${readyWithin / 1000} s; it may still be recovering, try again`,
  )
}

/** The last port first: processes that use the server already know it by that. */
async function choosePort(start: ServerStart): Promise<number> {
  if (start.port !== undefined) {
    if (await isPortFree(start.port)) return start.port
    throw await failed(start, `needs port ${start.port}, which another program has taken`)
  }
  const last = await lastPortOf(start.folder.cluster)
  return last !== undefined && (await isPortFree(last)) ? last : freePort()
}

/** The server outlives us: it has a process group and a log file of its own and does not keep us running. */
function spawnServer({ binaries, folder, settings }: ServerStart, port: number): ChildProcess {
  const all = { ...defaults, ...settings, port: String(port) }
  const options = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const log = openSync(folder.log, 'a', 0o600)
  try {
    const server = spawn(program(binaries, 'postgres'), ['-D', folder.cluster, ...options], {
      ...folder.account,
      cwd: '/',
      env: serverEnvironment(),
      stdio: ['ignore', log, log],
      detached: true,
      windowsHide: true,
    })
    server.unref()
    return server
  } finally {
    closeSync(log)
  }
}

function exitOf(server: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(`could not be run (${error.message})`))
    server.once('exit', (code, signal) =>
      resolve(`stopped at once (${signal ?? `exit code ${code ?? '?'}`})`),
    )
  })
}

async function failed({ binaries, folder }: ServerStart, what: string): Promise<EmbeddedPostgresUnavailable> {
  return new EmbeddedPostgresUnavailable(
    `the embedded Postgres ${binaries.version} on ${folder.cluster} ${what}; its log is ${folder.log}; ` +
      `remove the cause named there, or set DATABASE_URL${await logTail(folder.log)}`,
    { folder: folder.path, version: binaries.version, log: folder.log },
  )
}

function silent({ folder }: ServerStart, { pid, port }: RunningServer): EmbeddedPostgresUnavailable {
  return new EmbeddedPostgresUnavailable(
    `the embedded Postgres on ${folder.cluster} runs at port ${port} (process ${pid}), but gives no answer ` +
      `within ${ANSWERS_WITHIN / 1000} s; ${wayOutOfSilence(pid)}; its log is ${folder.log}`,
    { folder: folder.path, pid, port, log: folder.log },
    { retriable: true },
  )
}
