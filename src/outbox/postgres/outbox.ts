import type { Pool, PoolClient } from 'pg'
import { quoted } from '../../postgres/schemas.js'
import { inTransaction } from '../../postgres/pool.js'
import type { Fence, Outbox, OutboxRow, Settlement } from '../outbox.js'

/** All relays of one store share its slots under this scope. */
export const OUTBOX_SCOPE = 'outbox'

export class PostgresOutbox implements Outbox {
  readonly #pool: Pool
  readonly #claim: string
  readonly #settle: string

  constructor(pool: Pool, store: string) {
    this.#pool = pool
    this.#claim = claimStatement(store)
    this.#settle = settleStatement(store)
  }

  async claim(slots: readonly number[], limit: number): Promise<readonly OutboxRow[]> {
    const { rows } = await this.#pool.query<OutboxRow>({
      name: 'reprise-claim',
      text: this.#claim,
      values: [slots, limit],
    })
    return rows
  }

  settle(rows: readonly OutboxRow[], fence: Fence): Promise<Settlement> {
    return settlementOf(inTransaction(this.#pool, (client) => this.settleWithin(client, rows, fence)))
  }

  /** As {@link settle}, in a transaction of the caller's. Throws {@link NotSettled}, so that nothing of it is committed. */
  async settleWithin(client: PoolClient, rows: readonly OutboxRow[], fence: Fence): Promise<void> {
    const slots = [...new Set(rows.map(({ slot }) => slot))]
    const epochs = slots.map((slot) => fence.epochs.get(slot) ?? 0n)
    const { rows: answer } = await client.query<{ held: bigint; deleted: bigint }>({
      name: 'reprise-settle',
      text: this.#settle,
      values: [fence.owner, slots, epochs, rows.map(({ id }) => id)],
    })
    if (Number(answer[0]?.held ?? 0) < slots.length) throw new NotSettled('fenced')
    if (Number(answer[0]?.deleted ?? 0) < rows.length) throw new NotSettled('stale')
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

/** $1 slots, $2 limit. Walks the primary key: the table holds little more than what is asked for. */
const claimStatement = (store: string): string => `
SELECT id, slot, topic, key, event_position AS position
FROM ${quoted(store)}.outbox
WHERE slot = ANY($1::smallint[])
ORDER BY id LIMIT $2`

/**
 * $1 owner, $2 slots, $3 their epochs, $4 row ids. Answers how many of the slots are held under these epochs now, and
 * how many rows were deleted. FOR SHARE keeps a slot from changing hands until the transaction is over. A row that an
 * earlier transaction is deleting is waited for, and then does not count.
 */
const settleStatement = (store: string): string => `
WITH held AS (
  SELECT l.item FROM ${quoted(store)}.relay_slots l
  JOIN unnest($2::integer[], $3::bigint[]) AS mine (slot, epoch) ON l.item = mine.slot AND l.epoch = mine.epoch
  WHERE l.scope = '${OUTBOX_SCOPE}' AND l.owner = $1::uuid AND l.expires_at > clock_timestamp()
  ORDER BY l.item
  FOR SHARE OF l
), deleted AS (
  DELETE FROM ${quoted(store)}.outbox o USING held WHERE o.id = ANY($4::bigint[]) AND o.slot = held.item
  RETURNING 1
)
SELECT (SELECT count(*) FROM held) AS held, (SELECT count(*) FROM deleted) AS deleted`
