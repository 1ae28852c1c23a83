import type { Databases } from '../../../src/app/postgres/databases.js'
import type { EventRow, Settlement } from '../../../src/outbox/outbox.js'
import { PostgresOutbox } from '../../../src/outbox/postgres/index.js'
import { quoted } from '../../../src/postgres/schemas.js'
import type { PlantedFault } from '../planted.js'

class DeletingOutbox extends PostgresOutbox {
  readonly #databases: Databases

  constructor(databases: Databases) {
    super(databases.store, databases.schemas.store)
    this.#databases = databases
  }

  override async claim(slots: readonly number[], limit: number): Promise<readonly EventRow[]> {
    const { store, schemas } = this.#databases
    const outbox = `${quoted(schemas.store)}.outbox`
    const { rows } = await store.query<EventRow>(
      `WITH gone AS (
         DELETE FROM ${outbox} WHERE id IN (SELECT id FROM ${outbox} WHERE slot = ANY($1::smallint[]) ORDER BY id LIMIT $2)
         RETURNING id, slot, topic, key, event_position AS position, false AS waits)
       SELECT * FROM gone ORDER BY id`,
      [slots, limit],
    )
    return rows
  }

  override settle(): Promise<Settlement> {
    return Promise.resolve('settled')
  }

  override settleWithin(): Promise<void> {
    return Promise.resolve()
  }
}

/** Rows are deleted when they are claimed. Whatever goes wrong between that and the log's answer loses them. */
export const deleteBeforePublish: PlantedFault = {
  name: 'delete-before-publish',
  log: 'both',
  parts: () => ({ outbox: (_, databases) => new DeletingOutbox(databases) }),
  catches: ['I3'],
  mix: ['kill', 'pg-immediate', 'cut'],
}
