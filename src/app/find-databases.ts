import type { Logger } from '../core/ports/logger.js'
import { type Databases, openDatabases } from './postgres/databases.js'
import { findServer } from './server.js'
import type { Settings } from './settings.js'

/** The databases of an app on the server they were found on. */
export interface FoundDatabases {
  readonly databases: Databases
  /** The folder of the embedded server, where one is used. */
  readonly dataFolder: string | undefined
  /** Closes the connections; an embedded server stops with its last user. */
  close(): Promise<void>
}

/**
 * Finds the server, or both, and connects. What is in the databases is not looked at; an embedded one that does not exist yet is
 * made only with `create`.
 *
 * @throws {@link DatabaseUnreachable}, {@link ConfigurationError} for a server that is too old
 */
export async function findDatabases(
  app: string,
  settings: Settings,
  logger: Logger,
  create: boolean,
): Promise<FoundDatabases> {
  const server = await findServer(settings, logger, create)
  try {
    const urls = { store: server.url, read: settings.readDatabaseUrl ?? server.url }
    const databases = await openDatabases(urls, app, settings, logger)
    const close = async (): Promise<void> => {
      await databases.close()
      await server.stop()
    }
    return { databases, dataFolder: server.dataFolder, close }
  } catch (error) {
    await server.stop()
    throw error
  }
}
