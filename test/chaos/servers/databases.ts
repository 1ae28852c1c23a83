import pg from 'pg'

/** What the harness itself asks the databases, around the proxies. A connection that is lost is made again. */
export class AskedDatabase {
  readonly #url: () => string
  #client: pg.Client | undefined

  constructor(url: () => string) {
    this.#url = url
  }

  /** Runs it in one snapshot, which shows a single moment. Throws while the database cannot be asked. */
  async inSnapshot<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = await this.#connect()
    try {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
      const answer = await work(client)
      await client.query('COMMIT')
      return answer
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async close(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => undefined)
  }

  async #connect(): Promise<pg.Client> {
    if (this.#client !== undefined) return this.#client
    const client = new pg.Client({
      connectionString: this.#url(),
      connectionTimeoutMillis: 2_000,
      query_timeout: 60_000,
      application_name: 'chaos harness',
    })
    client.on('error', () => (this.#client = undefined))
    await client.connect()
    this.#client = client
    return client
  }
}

/** Rows of a statement, every value as text, a number or JSON. */
export async function rowsOf<T>(
  client: pg.Client,
  text: string,
  values: unknown[] = [],
): Promise<readonly T[]> {
  const { rows } = await client.query<T & pg.QueryResultRow>(text, values)
  return rows
}
