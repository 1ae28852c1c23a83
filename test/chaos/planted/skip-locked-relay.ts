import { setTimeout as delay } from 'node:timers/promises'
import type { PoolClient } from 'pg'
import type { Databases } from '../../../src/app/postgres/databases.js'
import type { EventRow, OutboxRow, Settlement } from '../../../src/outbox/outbox.js'
import { NotSettled, PostgresOutbox, settlementOf } from '../../../src/outbox/postgres/outbox.js'
import { SLOTS } from '../../../src/log/slots.js'
import { inTransaction } from '../../../src/postgres/pool.js'
import { quoted } from '../../../src/postgres/schemas.js'
import type { PlantedFault } from '../planted.js'
import { type ClaimedRow, claimStatement } from './claim.js'

/** So few that two relays at work take turns within a stream. */
const ROWS = 3

/** Milliseconds at the most between taking rows and publishing them, as a busy machine or a slow network has them. */
const SLOWNESS = 400

/** Rows are locked one by one while they are published, and no slot has an owner. */
class SkipLockedOutbox extends PostgresOutbox {
  readonly #databases: Databases
  #claiming: PoolClient | undefined

  constructor(databases: Databases) {
    super(databases.store, databases.schemas.store)
    this.#databases = databases
  }

  override async claim(slots: readonly number[]): Promise<readonly EventRow[]> {
    await this.#letGo()
    const { store, schemas } = this.#databases
    const client = await store.connect()
    try {
      await client.query('BEGIN')
      const sql = claimStatement(schemas.store, 'ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED')
      const { rows } = await client.query<ClaimedRow>(sql, [slots, ROWS])
      this.#claiming = client
      return rows
    } catch (error) {
      client.release(true)
      throw error
    }
  }

  override settle(rows: readonly OutboxRow[]): Promise<Settlement> {
    return settlementOf(inTransaction(this.#databases.store, (client) => this.settleWithin(client, rows)))
  }

  override async settleWithin(client: PoolClient, rows: readonly OutboxRow[]): Promise<void> {
    await this.#letGo()
    const { rowCount } = await client.query(
      `DELETE FROM ${quoted(this.#databases.schemas.store)}.outbox WHERE id = ANY($1::bigint[])`,
      [rows.map(({ id }) => id)],
    )
    if ((rowCount ?? 0) < rows.length) throw new NotSettled('stale')
  }

  async #letGo(): Promise<void> {
    const client = this.#claiming
    this.#claiming = undefined
    await client?.query('ROLLBACK').then(
      () => client.release(),
      () => client.release(true),
    )
  }
}

/**
 * Several relays take rows with SKIP LOCKED: of one stream, one has versions 1 to 3 and the other 4 to 6, and who
 * publishes first is chance. Two relays are enough that take unequally long, and a pause of one makes it sure.
 */
export const skipLockedRelay: PlantedFault = {
  name: 'skip-locked-relay',
  log: 'both',
  parts: (chance) => ({
    failpoints: {
      reach: (point) =>
        point === 'publish:before' || point === 'settle:before' ? delay(chance.next() * SLOWNESS) : undefined,
    },
    outbox: (_, databases) => new SkipLockedOutbox(databases),
    slotLeases: (shipped) => ({
      renew: async () => ({
        held: new Map(Array.from({ length: SLOTS }, (__, slot) => [slot, 1n])),
        renewIn: (await shipped.renew()).renewIn,
      }),
      leave: () => shipped.leave(),
    }),
  }),
  catches: ['I3', 'I4'],
  mix: ['pause', 'kill'],
}
