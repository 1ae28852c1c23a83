import { type ChildProcess, spawn } from 'node:child_process'
import { openSync, closeSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { logTail } from '../../local-servers/log-tail.js'
import { freePort } from '../../local-servers/ports.js'
import { type Binaries, program } from './binaries.js'
import { answers } from './connection.js'
import { type DataFolder } from './data-folder.js'
import { EmbeddedPostgresUnavailable } from './embedded-postgres-unavailable.js'
import { serverEnvironment } from './run-program.js'
import { findRunningServer, removeMistakablePidFile } from './running-server.js'

export interface ServerStart {
  readonly binaries: Binaries
  readonly folder: DataFolder
  readonly password: string
  readonly settings: Readonly<Record<string, string>>
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
 * Makes sure that a server runs on the folder and answers. The caller holds the folder's lock.
 *
 * @throws {@link EmbeddedPostgresUnavailable} with the end of the server's log
 */
export async function adoptOrStart(start: ServerStart): Promise<{ port: number; adopted: boolean }> {
  const until = Date.now() + readyWithin
  const retryUntil = Date.now() + retryFor
  while (Date.now() < until) {
    const running = await findRunningServer(start.folder.cluster)
    if (running === undefined) {
      const port = await tryToStart(start, until, retryUntil)
      if (port !== undefined) return { port, adopted: false }
    } else if (!running.stopping && (await answers(running.port, start))) {
      return { port: running.port, adopted: true }
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
  const port = await freePort()
  await rename(start.folder.log, `${start.folder.log}.old`).catch(() => undefined)
  const server = spawnServer(start, port)
  const exited = exitOf(server)
  while (Date.now() < until) {
    if (await answers(port, start)) return port
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
