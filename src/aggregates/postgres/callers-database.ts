import type { Pool } from 'pg'
import { InvalidValue } from '../../core/errors/index.js'
import type { CallersTransaction } from '../../core/ports/callers-transaction.js'
import { quoted } from '../../postgres/schemas.js'
import type { Session, Statement } from '../../postgres/session.js'
import { SQL_STATE } from '../../postgres/sql-state.js'

/** Tells a caller's transaction on the store's own database from one elsewhere, where another store may have the same name. */
export class CallersDatabase {
  readonly #pool: Pool
  readonly #statement: Statement
  /** Where a connection leads stays the same, whatever becomes of its transaction. */
  readonly #known = new WeakSet<CallersTransaction>()
  #own: string | undefined

  constructor(pool: Pool, store: string) {
    this.#pool = pool
    this.#statement = {
      name: 'reprise-store-id',
      text: `SELECT value FROM ${quoted(store)}.settings WHERE name = 'store_id'`,
    }
  }

  /** Whether it was found on the database of the store before. */
  knows(tx: CallersTransaction): boolean {
    return this.#known.has(tx)
  }

  /**
   * To be called inside a savepoint: elsewhere the look at the store may fail.
   *
   * @throws {@link InvalidValue} when the session, which is that of `tx`, is not on the database of the store
   */
  async require(tx: CallersTransaction, session: Session): Promise<void> {
    if (this.#known.has(tx)) return
    this.#own ??= (await this.#pool.query<{ value: string }>(this.#statement.text)).rows[0]?.value
    if ((await this.#storeIn(session)) !== this.#own)
      throw new InvalidValue('execute', [
        { path: 'tx', problem: 'must be on the database of the event store' },
      ])
    this.#known.add(tx)
  }

  async #storeIn(session: Session): Promise<string | undefined> {
    try {
      const [row] = await session.query<{ value: string }>(this.#statement, [])
      return row?.value
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === SQL_STATE.undefinedTable)
        return undefined
      throw error
    }
  }
}
