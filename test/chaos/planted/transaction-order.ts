import type { Databases } from '../../../src/app/postgres/databases.js'
import type { EventRow } from '../../../src/outbox/outbox.js'
import { PostgresOutbox } from '../../../src/outbox/postgres/index.js'
import { quoted } from '../../../src/postgres/schemas.js'
import type { PlantedFault } from '../planted.js'
import { type ClaimedRow, claimStatement } from './claim.js'

class TransactionOrderOutbox extends PostgresOutbox {
  readonly #databases: Databases
  #numbered: Promise<unknown> | undefined

  constructor(databases: Databases) {
    super(databases.store, databases.schemas.store)
    this.#databases = databases
  }

  override async claim(slots: readonly number[], limit: number): Promise<readonly EventRow[]> {
    const { store, schemas } = this.#databases
    await (this.#numbered ??= this.#numberByTransaction())
    const sql = claimStatement(schemas.store, 'ORDER BY planted_transaction, id LIMIT $2')
    return (await store.query<ClaimedRow>(sql, [slots, limit])).rows
  }

  /** Rows note their transaction. `xmin` would not do: after a savepoint it is the number of what began there. */
  #numberByTransaction(): Promise<unknown> {
    const { store, schemas } = this.#databases
    const column = 'planted_transaction xid8 NOT NULL DEFAULT pg_current_xact_id()'
    return store
      .query(`ALTER TABLE ${quoted(schemas.store)}.outbox ADD COLUMN IF NOT EXISTS ${column}`)
      .catch((error: unknown) => {
        this.#numbered = undefined
        throw error
      })
  }
}

/**
 * A relay in the order of transaction ids. A transaction that wrote something early and appended late has a lower id than
 * one whose version came before its own, and overtakes it where both are in one claim. Appends of the bus's own never do
 * so, since who waited for a rival decides again in a new transaction: it takes commands in a caller's transaction.
 */
export const transactionOrder: PlantedFault = {
  name: 'order-by-transaction-id',
  log: 'both',
  parts: () => ({ outbox: (_, databases) => new TransactionOrderOutbox(databases) }),
  catches: ['I4'],
  mix: ['kill', 'pause'],
  seconds: 90,
}
