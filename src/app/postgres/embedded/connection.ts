import { EmbeddedPostgresUnavailable } from './embedded-postgres-unavailable.js'
import { type DataFolder } from './data-folder.js'

/** The address of the server, with its password. */
export function urlOf(port: number, password: string): string {
  return `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`
}

/** Milliseconds in which a server says whether it takes a connection: one that starts, recovers or stops says so at once. */
export const ANSWERS_WITHIN = 10_000

/**
 * - `ready`: it accepts connections
 * - `not yet`: it refuses them, since it starts, recovers or stops, or is gone
 * - `silent`: it lets the connection wait without a word, as one whose processes are paused does
 */
export type Answer = 'ready' | 'not yet' | 'silent'

/**
 * What the server on this port says to a connection.
 *
 * @throws {@link EmbeddedPostgresUnavailable} when it refuses the password
 */
export async function answerOf(
  port: number,
  access: { readonly folder: DataFolder; readonly password: string },
): Promise<Answer> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({
    connectionString: urlOf(port, access.password),
    connectionTimeoutMillis: ANSWERS_WITHIN,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return 'ready'
  } catch (error) {
    if ((error as { code?: string }).code === '28P01') throw wrongPassword(access.folder, error)
    // The driver has no code for it.
    return error instanceof Error && error.message === 'timeout expired' ? 'silent' : 'not yet'
  } finally {
    await client.end()
  }
}

/** What to do about a server that runs and is silent. */
export function wayOutOfSilence(pid: number | undefined): string {
  return (
    `if process ${pid ?? '?'} and its children were paused, let them go on (kill -CONT); if the machine is overloaded, try ` +
    'again later; else end them, and start the app again, which recovers what was committed'
  )
}

function wrongPassword(folder: DataFolder, cause: unknown): EmbeddedPostgresUnavailable {
  return new EmbeddedPostgresUnavailable(
    `the embedded Postgres refuses the password in ${folder.passwordFile}; restore that file, ` +
      `or delete ${folder.path} to start with an empty database`,
    { file: folder.passwordFile },
    { cause },
  )
}
