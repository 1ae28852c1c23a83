import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { identityOf } from '../../local-servers/process-identity.js'

/** A server that runs on a data directory; it may still be starting or recovering. */
export interface RunningServer {
  readonly pid: number
  readonly port: number
  readonly stopping: boolean
}

/** Finds the server of a data directory by the pid file that Postgres keeps there; a stale one counts as none. */
export async function findRunningServer(cluster: string): Promise<RunningServer | undefined> {
  const lines = await pidFileLines(cluster)
  const [pid, recorded, , port] = lines
  const status = lines[7]?.trim()
  if (!pid || !recorded || !port) return undefined
  if (!isServer(Number(pid)) || !serves(Number(pid), cluster, recorded)) return undefined
  return { pid: Number(pid), port: Number(port), stopping: status === 'stopping' }
}

/**
 * Removes a pid file whose number now belongs to something else: Postgres would take that for a server and
 * refuse to start. Where the process is gone the file stays, as Postgres learns from it whether connections
 * of the dead server still hold its memory; so it does where a server has that number and may be ours.
 */
export async function removeMistakablePidFile(cluster: string): Promise<void> {
  const [pid, recorded] = await pidFileLines(cluster)
  if (!pid || identityOf(Number(pid)) === undefined) return
  const mayBeOurs =
    isServer(Number(pid)) && (recorded === undefined || serves(Number(pid), cluster, recorded))
  if (!mayBeOurs) await rm(pidFile(cluster), { force: true })
}

/** The port of the server that ran last on a data directory: Postgres leaves its command line there. */
export async function lastPortOf(cluster: string): Promise<number | undefined> {
  const commandLine = await readFile(join(cluster, 'postmaster.opts'), 'utf8').catch(() => '')
  const [, port] = /"port=(\d+)"/.exec(commandLine) ?? []
  return port === undefined ? undefined : Number(port)
}

function pidFile(cluster: string): string {
  return join(cluster, 'postmaster.pid')
}

async function pidFileLines(cluster: string): Promise<readonly string[]> {
  const text = await readFile(pidFile(cluster), 'utf8').catch(() => '')
  return text.split('\n')
}

/** Whether this is a Postgres server; where the system does not tell, any process may be one. */
function isServer(pid: number): boolean {
  if (identityOf(pid) === undefined) return false
  if (process.platform === 'win32') return true
  try {
    const command =
      process.platform === 'linux'
        ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0]
        : execFileSync('ps', ['-o', 'comm=', '-p', String(pid)], { encoding: 'utf8' }).trim()
    return basename(command ?? '') === 'postgres'
  } catch {
    return false
  }
}

/**
 * Whether the server works on this directory. A folder that was copied brought the pid file of the original's
 * server along; one that was moved took its server with it. Linux tells a server's directory; elsewhere the
 * one in the pid file is trusted.
 */
function serves(pid: number, cluster: string, recorded: string): boolean {
  try {
    if (process.platform === 'linux') return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(cluster)
  } catch {
    // Another user's process does not show where it works.
  }
  return recorded === cluster || !existsSync(recorded)
}
