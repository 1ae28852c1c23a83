import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { markedPids } from '../../local-servers/process-marks.js'
import { urlOf } from './connection.js'
import { findDataFolder, placesIn } from './data-folder.js'
import { findRunningServer } from './running-server.js'

/** How the embedded server of a data folder is. */
export interface EmbeddedState {
  /** Where its data is, or would be. */
  readonly folder: string
  /**
   * - `absent`: no database was made there yet
   * - `stopped`: it was stopped in order, or never ran
   * - `killed`: it left its pid file behind, so it had no time to stop
   * - `stopping`, `running`: its process is there, which may still be recovering
   */
  readonly state: 'absent' | 'stopped' | 'killed' | 'stopping' | 'running'
  /** Its process, or the one that it was killed as. */
  readonly pid: number | undefined
  readonly port: number | undefined
  /** With the password: not for logs. Undefined while it does not run, or where the password cannot be read. */
  readonly url: string | undefined
  /** Running processes that use it. */
  readonly users: readonly number[]
  readonly log: string
}

/**
 * Looks at an embedded server without starting, adopting or making anything.
 *
 * @throws {@link EmbeddedPostgresUnavailable} when root has no account to run a server under
 */
export async function inspectEmbeddedPostgres(dataFolder: string): Promise<EmbeddedState> {
  const folder = placesIn(await findDataFolder(dataFolder), undefined)
  const common = { folder: folder.path, users: await markedPids(folder.users), log: folder.log }
  const nowhere = { ...common, pid: undefined, port: undefined, url: undefined }
  if (!existsSync(folder.cluster)) return { ...nowhere, state: 'absent' }
  const server = await findRunningServer(folder.cluster)
  if (server === undefined) {
    const pidFile = await readFile(join(folder.cluster, 'postmaster.pid'), 'utf8').catch(() => undefined)
    if (pidFile === undefined) return { ...nowhere, state: 'stopped' }
    return { ...nowhere, state: 'killed', pid: Number.parseInt(pidFile, 10) }
  }
  const { pid, port, stopping } = server
  const password = await readFile(folder.passwordFile, 'utf8').catch(() => undefined)
  const url = password === undefined ? undefined : urlOf(port, password)
  return { ...common, state: stopping ? 'stopping' : 'running', pid, port, url }
}
