import { EmbeddedPostgresUnavailable } from './embedded-postgres-unavailable.js'
import { type DataFolder } from './data-folder.js'

/** The address of the server, with its password. */
export function urlOf(port: number, password: string): string {
  return `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`
}

/**
 * Whether the server on this port accepts connections; false while it starts, recovers or stops.
 *
 * @throws {@link EmbeddedPostgresUnavailable} when it refuses the password
 */
export async function answers(
  port: number,
  access: { readonly folder: DataFolder; readonly password: string },
): Promise<boolean> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({
    connectionString: urlOf(port, access.password),
    connectionTimeoutMillis: 5_000,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return true
  } catch (error) {
    if ((error as { code?: string }).code === '28P01') throw wrongPassword(access.folder, error)
    return false
  } finally {
    await client.end()
  }
}

function wrongPassword(folder: DataFolder, cause: unknown): EmbeddedPostgresUnavailable {
  return new EmbeddedPostgresUnavailable(
    `the embedded Postgres refuses the password in ${folder.passwordFile}; restore that file, ` +
      `or delete ${folder.path} to start with an empty database`,
    { file: folder.passwordFile },
    { cause },
  )
}
