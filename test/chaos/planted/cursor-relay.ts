import type { Databases } from '../../../src/app/postgres/databases.js'
import type { EventRow } from '../../../src/outbox/outbox.js'
import { PostgresOutbox } from '../../../src/outbox/postgres/index.js'
import type { PlantedFault } from '../planted.js'
import { type ClaimedRow, claimStatement } from './claim.js'

/** Never looks back: what is committed below the highest id that it has seen is not seen any more. */
class CursorOutbox extends PostgresOutbox {
  readonly #databases: Databases
  #cursor = 0n

  constructor(databases: Databases) {
    super(databases.store, databases.schemas.store)
    this.#databases = databases
  }

  override async claim(slots: readonly number[], limit: number): Promise<readonly EventRow[]> {
    const { store, schemas } = this.#databases
    const sql = claimStatement(schemas.store, 'AND id > $3 ORDER BY id LIMIT $2')
    const { rows } = await store.query<ClaimedRow>(sql, [slots, limit, this.#cursor])
    this.#cursor = rows.at(-1)?.id ?? this.#cursor
    return rows
  }
}

/**
 * A relay with a cursor over a sequence. Rows commit out of the order of their ids, and those of a slot that came from
 * another relay lie behind the cursor: they are published after a restart, behind later versions, or never.
 */
export const cursorRelay: PlantedFault = {
  name: 'cursor-relay',
  log: 'both',
  parts: () => ({ outbox: (_, databases) => new CursorOutbox(databases) }),
  catches: ['I3', 'I4', 'I11'],
  mix: ['kill', 'pause'],
}
