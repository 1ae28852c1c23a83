import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely'
import type { ClientBase } from 'pg'
import { typeParsers } from './pool.js'

/** Kysely over one client of `pg` inside a transaction. What it calls a transaction is the one that the client is in. */
export function kyselyOver(client: ClientBase): Kysely<unknown> {
  const connection = new ClientConnection(client)
  return new Kysely({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new BegunTransaction(connection),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  })
}

class ClientConnection implements DatabaseConnection {
  readonly #client: ClientBase

  constructor(client: ClientBase) {
    this.#client = client
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const values = [...parameters]
    const { rows, rowCount } = await this.#client.query({ text: sql, values, types: typeParsers })
    return { rows: rows as R[], ...(rowCount === null ? {} : { numAffectedRows: BigInt(rowCount) }) }
  }

  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    await Promise.reject(new Error('a transaction of the event store streams no results'))
  }
}

/** Begins and ends nothing: the client's transaction belongs to somebody else. */
class BegunTransaction implements Driver {
  readonly #connection: DatabaseConnection

  constructor(connection: DatabaseConnection) {
    this.#connection = connection
  }

  init = nothing
  beginTransaction = nothing
  commitTransaction = nothing
  rollbackTransaction = nothing
  releaseConnection = nothing
  destroy = nothing

  acquireConnection(): Promise<DatabaseConnection> {
    return Promise.resolve(this.#connection)
  }
}

function nothing(): Promise<void> {
  return Promise.resolve()
}
