import type { Pool } from 'pg'
import { partitionOf } from '../../log/index.js'
import { placeRecords, type PostgresLog } from '../../log/postgres/index.js'
import { inTransaction } from '../../postgres/pool.js'
import type { Handover } from '../handover.js'
import type { Fence, OutboxRow, Settlement } from '../outbox.js'
import { type PostgresOutbox, settlementOf } from './outbox.js'

/**
 * For the log in the store's own database: rows leave the outbox and records enter their topics in one transaction, so
 * that every event is in its topic exactly once.
 */
export class MoveWithinPostgres implements Handover {
  readonly #pool: Pool
  readonly #store: string
  readonly #outbox: PostgresOutbox
  readonly #log: PostgresLog

  constructor(pool: Pool, store: string, outbox: PostgresOutbox, log: PostgresLog) {
    this.#pool = pool
    this.#store = store
    this.#outbox = outbox
    this.#log = log
  }

  async handOver(rows: readonly OutboxRow[], fence: Fence): Promise<Settlement> {
    const partitions = await this.#log.partitionCounts(rows.map(({ topic }) => topic))
    const placements = rows.map(({ topic, key, position }) => ({
      topic,
      partition: partitionOf(key, partitions.get(topic) ?? 1),
      position,
    }))
    const outcome = await settlementOf(
      inTransaction(this.#pool, async (client) => {
        await this.#outbox.settleWithin(client, rows, fence)
        await placeRecords(client, this.#store, placements)
      }),
    )
    if (outcome === 'settled') this.#log.announce()
    return outcome
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
