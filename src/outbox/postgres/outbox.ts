import type { Pool, PoolClient } from 'pg'
import { type Failpoints, noFailpoints } from '../../core/ports/failpoints.js'
import { inTransaction } from '../../postgres/pool.js'
import type {
  ContentRow,
  EventRow,
  Fence,
  Outbox,
  OutboxRow,
  RowToPark,
  Settlement,
  WorkItem,
} from '../outbox.js'
import { outboxStatements, type OutboxTables, readTables, storeTables } from './outbox-tables.js'

/** What the outboxes of both sides do alike. */
abstract class OutboxTable<Row extends OutboxRow, Stored> implements Outbox {
  readonly #pool: Pool
  readonly #names: string
  readonly #sql: ReturnType<typeof outboxStatements>
  readonly #failpoints: Failpoints

  protected constructor(pool: Pool, tables: OutboxTables, failpoints: Failpoints = noFailpoints) {
    this.#pool = pool
    this.#failpoints = failpoints
    this.#names = tables.statements
    this.#sql = outboxStatements(tables)
  }

  async claim(
    slots: readonly number[],
    limit: number,
    heldUp: readonly string[] = [],
  ): Promise<readonly Row[]> {
    const { rows } = await this.#pool.query<WorkItem & Stored>(
      heldUp.length === 0
        ? { name: `${this.#names}-claim`, text: this.#sql.claim, values: [slots, limit] }
        : { text: this.#sql.claimBeside, values: [slots, limit, heldUp] },
    )
    return rows.map((row) => this.rowOf(row))
  }

  settle(rows: readonly OutboxRow[], fence: Fence): Promise<Settlement> {
    return settlementOf(
      inTransaction(this.#pool, async (client) => {
        await this.settleWithin(client, rows, fence)
        await this.#failpoints.reach('settle:in')
      }),
    )
  }

  /** As {@link settle}, in a transaction of the caller's. Throws {@link NotSettled}, so that nothing of it is committed. */
  async settleWithin(client: PoolClient, rows: readonly OutboxRow[], fence: Fence): Promise<void> {
    const { owner, slots, epochs } = proofFor(rows, fence)
    const { rows: answer } = await client.query<{ held: bigint; deleted: bigint }>({
      name: `${this.#names}-settle`,
      text: this.#sql.settle,
      values: [owner, slots, epochs, rows.map(({ id }) => id)],
    })
    if (Number(answer[0]?.held ?? 0) < slots.length) throw new NotSettled('fenced')
    if (Number(answer[0]?.deleted ?? 0) < rows.length) throw new NotSettled('stale')
  }

  park(parked: readonly RowToPark[], fence: Fence): Promise<Settlement> {
    const refused = parked.filter(({ reason }) => reason !== undefined)
    const waiting = parked.filter(({ reason }) => reason === undefined)
    const { owner, slots, epochs } = proofFor(
      parked.map(({ row }) => row),
      fence,
    )
    return settlementOf(
      inTransaction(this.#pool, async (client) => {
        const { rows: held } = await client.query(this.#sql.held, [owner, slots, epochs])
        if (held.length < slots.length) throw new NotSettled('fenced')
        await client.query(this.#sql.parkRefused, [idsOf(refused), refused.map(({ reason }) => reason)])
        await client.query(this.#sql.parkWaiting, [idsOf(waiting)])
      }),
    )
  }

  protected abstract rowOf(stored: WorkItem & Stored): Row
}

/** The store's outbox: each row stands for an event. */
export class PostgresOutbox extends OutboxTable<EventRow, { readonly event_position: bigint }> {
  constructor(pool: Pool, store: string, failpoints?: Failpoints) {
    super(pool, storeTables(store), failpoints)
  }

  protected rowOf({ event_position: position, ...row }: WorkItem & { readonly event_position: bigint }) {
    return { ...row, position }
  }
}

interface StoredContent extends Pick<ContentRow, 'headers'> {
  readonly value: Buffer | null
  readonly recorded_at: Date
}

/** The read side's outbox: each row carries what is to be published. */
export class PostgresReadOutbox extends OutboxTable<ContentRow, StoredContent> {
  constructor(pool: Pool, read: string) {
    super(pool, readTables(read))
  }

  protected rowOf({ recorded_at: timestamp, ...row }: WorkItem & StoredContent) {
    return { ...row, timestamp }
  }
}

/** Thrown inside a transaction, to roll it back. */
export class NotSettled extends Error {
  readonly outcome: Exclude<Settlement, 'settled'>

  constructor(outcome: Exclude<Settlement, 'settled'>) {
    super(`the rows of the outbox were not settled: ${outcome}`)
    this.outcome = outcome
  }
}

/** What came of a transaction that settles. */
export const settlementOf = async (transaction: Promise<void>): Promise<Settlement> => {
  try {
    await transaction
    return 'settled'
  } catch (error) {
    if (error instanceof NotSettled) return error.outcome
    throw error
  }
}

/** The slots of the rows, and what shows that they are held. */
function proofFor(rows: readonly OutboxRow[], { owner, epochs }: Fence) {
  const slots = [...new Set(rows.map(({ slot }) => slot))]
  return { owner, slots, epochs: slots.map((slot) => epochs.get(slot) ?? 0n) }
}

const idsOf = (parked: readonly RowToPark[]): readonly bigint[] => parked.map(({ row }) => row.id)
