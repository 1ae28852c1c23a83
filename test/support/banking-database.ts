import { freshDatabase } from './database.js'
import { onServer } from './test-databases.js'

/** Runs a test on a database of its own. */
export async function onDatabase(test: (url: string) => Promise<void>): Promise<void> {
  const database = await freshDatabase()
  await test(database.url)
  await database.drop()
}

/** How many events the example has stored. */
export const storedEvents = (url: string): Promise<number> =>
  onServer(url, async (client) => {
    const { rows } = await client.query<{ count: number }>(
      'select count(*)::integer as count from banking_store.events',
    )
    return rows[0]?.count ?? 0
  })
