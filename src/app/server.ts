import type { Logger } from '../core/ports/logger.js'
import type { Settings } from './settings.js'

/** The database server that an app uses. */
export interface Server {
  readonly url: string
  readonly dataFolder: string | undefined
  stop(): Promise<void>
}

/**
 * The server that is named, else an embedded one in the data folder: adopted if it runs, started if not. Where the
 * folder holds none, it is made only with `create`.
 */
export async function findServer(
  { databaseUrl, dataFolder }: Settings,
  logger: Logger,
  create: boolean,
): Promise<Server> {
  if (databaseUrl !== undefined)
    return { url: databaseUrl, dataFolder: undefined, stop: () => Promise.resolve() }
  const { startEmbeddedPostgres } = await import('./postgres/embedded/index.js')
  const notice = (line: string): void => logger.info({}, line)
  const embedded = await startEmbeddedPostgres({ dataFolder, create, notice, keepRunning: logger })
  return { url: embedded.url, dataFolder: embedded.dataFolder, stop: () => embedded.stop() }
}
