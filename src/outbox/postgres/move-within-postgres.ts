import type { Pool, PoolClient } from 'pg'
import { type Failpoints, noFailpoints } from '../../core/ports/failpoints.js'
import { partitionOf, TopicsUnavailable } from '../../log/index.js'
import { EventsMissing, type Placement, placeRecords, type PostgresLog } from '../../log/postgres/index.js'
import { inTransaction } from '../../postgres/pool.js'
import { type Handover, RowsHeldUp, RowsRefused } from '../handover.js'
import type { Fence, OutboxRow, Settlement } from '../outbox.js'
import { settlementOf } from './outbox.js'

/** An outbox whose rows can be settled in a transaction that does more. */
export interface SettlesWithin {
  settleWithin(client: PoolClient, rows: readonly OutboxRow[], fence: Fence): Promise<void>
}

/**
 * For the log in the outbox's own database: rows leave the outbox and records enter their topics in one transaction, so
 * that each is in its topic exactly once.
 */
export class MoveWithinPostgres implements Handover {
  readonly #pool: Pool
  readonly #store: string
  readonly #outbox: SettlesWithin
  readonly #log: PostgresLog
  readonly #failpoints: Failpoints

  /** `store` is the schema of the topics. */
  constructor(
    pool: Pool,
    store: string,
    outbox: SettlesWithin,
    log: PostgresLog,
    failpoints: Failpoints = noFailpoints,
  ) {
    this.#pool = pool
    this.#store = store
    this.#outbox = outbox
    this.#log = log
    this.#failpoints = failpoints
  }

  async handOver(rows: readonly OutboxRow[], fence: Fence): Promise<Settlement> {
    const partitions = await this.#log.partitionCounts(rows.map(({ topic }) => topic))
    const placements = rows.map((row) => placementOf(row, partitions))
    await this.#failpoints.reach('settle:before')
    const moving = inTransaction(this.#pool, async (client) => {
      await this.#outbox.settleWithin(client, rows, fence)
      await placeRecords(client, this.#store, placements)
      await this.#failpoints.reach('settle:in')
    })
    const outcome = await settlementOf(moving).catch((error: unknown) => {
      if (error instanceof EventsMissing) throw refusalOf(error, rows, placements)
      throw error instanceof TopicsUnavailable ? new RowsHeldUp(error, []) : error
    })
    if (outcome === 'settled') this.#log.announce()
    await this.#failpoints.reach('settle:after')
    return outcome
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

const placementOf = (row: OutboxRow, partitions: ReadonlyMap<string, number>): Placement => {
  const { topic, key } = row
  const count = partitions.get(topic) ?? 1
  const place = { topic, partition: partitionOf(key, count), partitions: count }
  if ('position' in row) return { ...place, position: row.position }
  const { headers, value, timestamp } = row
  return { ...place, key, headers, value, timestamp }
}

const refusalOf = (
  { placements: missing }: EventsMissing,
  rows: readonly OutboxRow[],
  placements: readonly Placement[],
): RowsRefused =>
  RowsRefused.forMissingEvents(rows.filter((_, index) => missing.some((it) => it === placements[index])))
