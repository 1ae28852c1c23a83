import type { Transaction } from 'kysely'
import type { ClientBase } from 'pg'
import { kyselyOver } from './kysely-over-client.js'
import { typeParsers } from './pool.js'
import type { Session, Statement } from './session.js'

/** A session over a client of `pg` that is inside a transaction. */
export class ClientSession implements Session {
  readonly #client: ClientBase
  readonly #prepares: boolean

  /** `prepares`: statements stay prepared under their names, which only a connection of our own has room for. */
  constructor(client: ClientBase, { prepares }: { readonly prepares: boolean }) {
    this.#client = client
    this.#prepares = prepares
  }

  async query<Row>({ name, text }: Statement, values: readonly unknown[]): Promise<readonly Row[]> {
    const named = this.#prepares ? { name } : {}
    const { rows } = await this.#client.query({ ...named, text, values: [...values], types: typeParsers })
    return rows as readonly Row[]
  }

  async command(text: string): Promise<void> {
    await this.#client.query(text)
  }

  withKysely<T>(work: (tx: Transaction<unknown>) => Promise<T>): Promise<T> {
    return kyselyOver(this.#client).transaction().execute(work)
  }
}
