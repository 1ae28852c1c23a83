import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * Names a process so that it is not mistaken for a later one that got the same pid: `<pid>-<start>`.
 * Usable as a file name.
 */
export type ProcessIdentity = string

/** The identity of a process, or undefined when no such process runs (one that waits to be reaped does not). */
export function identityOf(pid: number): ProcessIdentity | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0 || !exists(pid)) return undefined
  const start = process.platform === 'linux' ? startOnLinux(pid) : startElsewhere(pid)
  return start === undefined ? undefined : `${pid}-${start}`
}

/** Whether the process that bears this identity still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  return identityOf(Number.parseInt(identity, 10)) === identity
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function startOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command name stands in parentheses and may hold anything, so fields are counted after the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, ticksSinceBoot] = [fields[0], fields[19]]
    if (state === 'Z' || state === 'X') return undefined
    return `${bootId()}.${ticksSinceBoot ?? ''}`
  } catch {
    return undefined
  }
}

/** Ticks count from boot: without the boot's own id, a process of an earlier boot could seem to be alive. */
function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)
}

function startElsewhere(pid: number): string | undefined {
  if (process.platform === 'win32') return 'unknown'
  try {
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
    })
    return started.replace(/\W+/g, '_')
  } catch {
    return undefined
  }
}
