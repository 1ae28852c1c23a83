import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { waitFor } from './wait-for.js'

/** The process of the embedded server whose places are in this folder, if its pid file names one. */
export function serverPid(folder: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8'), 10)
    return Number.isNaN(pid) ? undefined : pid
  } catch {
    return undefined
  }
}

/**
 * Kills the server of this folder, with everything that it has started or only itself, and waits until it is gone. Its
 * children are in process groups of their own.
 */
export async function killServer(folder: string, who: 'family' | 'itself' = 'family'): Promise<void> {
  const pid = serverPid(folder)
  if (pid === undefined) return
  const victims = who === 'family' ? [pid, ...childrenOf(pid)] : [pid]
  victims.forEach((it) => signal(it, 'SIGKILL'))
  await waitFor(() => !victims.some((it) => signal(it, 'SIGKILL')), { what: 'the killed server to be gone' })
}

/** Pauses the server of this folder and everything it has started, as a machine does that sleeps; gives what ends that. */
export function pauseServer(folder: string): () => void {
  const pid = serverPid(folder)
  if (pid === undefined) throw new Error(`no server runs in ${folder}`)
  // First the one that starts others: none is started meanwhile.
  process.kill(pid, 'SIGSTOP')
  const paused = [pid, ...childrenOf(pid)]
  paused.forEach((it) => signal(it, 'SIGSTOP'))
  return () => paused.forEach((it) => signal(it, 'SIGCONT'))
}

function childrenOf(pid: number): readonly number[] {
  try {
    const list = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
    return list.trim().split(/\s+/).map(Number)
  } catch {
    return []
  }
}

/** False when the process is gone. */
function signal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
