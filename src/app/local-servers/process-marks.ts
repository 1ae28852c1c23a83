import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ProcessIdentity, identityOf, isRunning } from './process-identity.js'

/**
 * An empty file in a folder that counts as long as the process that left it runs. It needs no clean-up
 * after a SIGKILL: its name tells that its process is gone, and as no two marks share a name, removing a
 * dead one can never remove a living one.
 */
export type ProcessMark = string

/** Leaves a mark of this process; a process may leave many in one folder. */
export async function leaveMark(folder: string): Promise<ProcessMark> {
  const mark = `${ownIdentity()}-${randomBytes(4).toString('hex')}`
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, mark), '', { flag: 'wx', mode: 0o600 })
  return mark
}

/** Takes a mark away; one that is gone already is no error. */
export async function eraseMark(folder: string, mark: ProcessMark): Promise<void> {
  await rm(join(folder, mark), { force: true })
}

/** The marks of running processes; those of dead ones are removed on the way. */
export async function livingMarks(folder: string): Promise<readonly ProcessMark[]> {
  await mkdir(folder, { recursive: true })
  const living: ProcessMark[] = []
  for (const mark of await readdir(folder)) {
    if (isLiving(mark)) living.push(mark)
    else await eraseMark(folder, mark)
  }
  return living
}

/** The pids of running processes that left marks. Makes and removes nothing. */
export async function markedPids(folder: string): Promise<readonly number[]> {
  const marks = await readdir(folder).catch((): string[] => [])
  return [...new Set(marks.filter(isLiving).map(pidOf))]
}

function isLiving(mark: ProcessMark): boolean {
  return isRunning(mark.slice(0, mark.lastIndexOf('-')))
}

/** The pid in a mark, for messages. */
export function pidOf(mark: ProcessMark): number {
  return Number.parseInt(mark, 10)
}

let known: ProcessIdentity | undefined

function ownIdentity(): ProcessIdentity {
  known ??= identityOf(process.pid)
  if (known === undefined) throw new Error('the identity of this process cannot be read from the system')
  return known
}
