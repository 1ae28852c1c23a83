import { type TestServerOptions, useTestServer } from './test-server.js'

/** A database of one's own on a test server. */
export interface TestDatabase {
  /** With what opens it: not for logs. */
  readonly url: string
  [Symbol.asyncDispose](): Promise<void>
}

/** Makes an empty database; disposing of it drops it and ends the use of the server. */
export async function useTestDatabase(options: TestServerOptions): Promise<TestDatabase> {
  const { createDatabase } = await import('./postgres/throw-away-database.js')
  const server = await useTestServer(options)
  try {
    const database = await createDatabase(server.url)
    return {
      url: database.url,
      [Symbol.asyncDispose]: async () => {
        try {
          await database.drop()
        } finally {
          await server.stop()
        }
      },
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}
