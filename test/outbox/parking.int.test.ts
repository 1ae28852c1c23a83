import { describe, expect, it } from 'vitest'
import { slotOf } from '../../src/log/index.js'
import { PostgresOutboxAdmin, storeTables } from '../../src/outbox/postgres/index.js'
import { deposit } from '../support/account-commands.js'
import { uniqueName } from '../support/kafka.js'
import { type RelayParts, throughTo, useRelays } from '../support/relays.js'
import { countOf, waitingForLocks } from '../support/store-facts.js'
import { waitFor } from '../support/wait-for.js'
import { schemas, useMigratedDatabase } from '../support/write-side.js'

const database = useMigratedDatabase()
const TOPIC = 'bank.account'
const relays = useRelays(database, TOPIC)
/** A position at which the store has no event: no log can take such a row. */
const NOWHERE = 9_000_000_000_000n

describe('a row that the log refuses', () => {
  it('is parked with its reason and with all later rows of its key, while every other key is published', async () => {
    const [before, bad, after] = [await relays.accountWith(2), uniqueName('bad'), uniqueName('after')]
    await rowFor(bad)
    const waiting = await rowFor(bad)
    const good = await relays.accountWith(3)
    await rowFor(after)
    const { relay, close } = relays.parts()

    await relay.start()
    await relays.outboxEmpty()

    expect(await relays.versionsOf(before)).toEqual([1n, 2n])
    expect(await relays.versionsOf(good)).toEqual([1n, 2n, 3n])
    expect(relay.published).toBe(5)
    const { parked } = await admin().status()
    expect(parked.map(({ key, rows, reason }) => ({ key, rows, reason }))).toEqual([
      { key: bad, rows: 2, reason: 'the store has no event at its position' },
      { key: after, rows: 1, reason: 'the store has no event at its position' },
    ])
    expect(await reasonsOf(bad)).toEqual(['the store has no event at its position', expect.anything()])
    expect(waiting).toBeGreaterThan(0n)
    await close()
    await forget(bad, after)
  })

  it('makes rows of its key that come later wait behind it, and no relay publishes them', async () => {
    const { key, park } = await parkedAccount(2)
    const side = database.writeSide()
    const { relay, close } = await park()

    await deposit(side, key, 1n)
    await deposit(side, key, 1n)
    const other = await relays.accountWith(1)
    relay.wake()
    await relays.outboxEmpty()
    await close()

    expect(await relays.versionsOf(key)).toEqual([])
    expect(await relays.versionsOf(other)).toEqual([1n])
    expect(await countOf(database.pool, 'parked_outbox', `key = '${key}'`)).toBe(4)
    await forget(key)
  })

  it('is published in order with what waited behind it, and with what came since, when it is sent back', async () => {
    const { key, park } = await parkedAccount(3)
    const { relay, close } = await park()
    await deposit(database.writeSide(), key, 1n)
    relay.wake()
    await relays.outboxEmpty()

    expect(await admin().retry({ selection: { topic: TOPIC, key }, actor: 'ada' })).toBe(4)
    await deposit(database.writeSide(), key, 1n)
    relay.wake()
    await relays.outboxEmpty()

    expect(await relays.versionsOf(key)).toEqual([1n, 2n, 3n, 4n, 5n])
    expect((await admin().status()).parked).toEqual([])
    const { rows } = await database.pool.query(
      `SELECT actor, action, target FROM ${schemas.store}.audit_log ORDER BY id DESC LIMIT 1`,
    )
    expect(rows).toEqual([{ actor: 'ada', action: 'outbox retry', target: { topic: TOPIC, key, rows: 4 } }])
    await close()
  })

  it('is parked again when it is refused again, and goes on holding back what comes after it', async () => {
    const bad = uniqueName('bad')
    await rowFor(bad)
    await rowFor(bad)
    const { relay, close } = relays.parts()
    await relay.start()
    await relays.outboxEmpty()
    const [first] = (await admin().status()).parked

    await admin().retry({ selection: 'all', actor: 'ada' })
    relay.wake()
    await relays.outboxEmpty()
    await close()

    const [again] = (await admin().status()).parked
    expect(again).toMatchObject({ key: bad, rows: 2 })
    expect(again?.since.getTime()).toBeGreaterThan(first?.since.getTime() ?? Infinity)
    await forget(bad)
  })

  it('cannot be parked by a relay that lost the slot', async () => {
    const account = await relays.accountWith(2)
    const stale = relays.parts({ lease: 60_000 })
    const { held: epochs } = await stale.leases.renew()
    const rows = await stale.outbox.claim([...epochs.keys()], 10)
    const fence = { owner: stale.owner, epochs }
    const heir = relays.parts({ lease: 60_000 })
    await database.pool.query(`UPDATE ${schemas.store}.relay_slots SET expires_at = '-infinity'`)
    await heir.leases.renew()

    expect(
      await stale.outbox.park(
        rows.map((row) => ({ row, reason: 'x' })),
        fence,
      ),
    ).toBe('fenced')

    expect(await countOf(database.pool, 'parked_outbox')).toBe(0)
    expect(await countOf(database.pool, 'outbox', `key = '${account}'`)).toBe(2)
  })

  it('leaves no row behind that waits for nothing, when it is sent back while a relay parks a later one', async () => {
    const { key, park } = await parkedAccount(2)
    const { close } = await park()
    await close()
    const { outbox, leases, owner } = relays.parts({ lease: 60_000 })
    const fence = { owner, epochs: (await leases.renew()).held }
    await deposit(database.writeSide(), key, 1n)
    const waiting = (await outbox.claim([...fence.epochs.keys()], 10)).filter(({ waits }) => waits)
    expect(waiting).toHaveLength(1)
    const operator = await database.pool.connect()
    await operator.query('BEGIN')
    await operator.query(`LOCK TABLE ${schemas.store}.parked_outbox IN SHARE ROW EXCLUSIVE MODE`)

    const parking = outbox.park(
      waiting.map((row) => ({ row })),
      fence,
    )
    await waitFor(async () => (await waitingForLocks(database.pool)) === 1, { what: 'the relay to wait' })
    await operator.query(`
      WITH back AS (DELETE FROM ${schemas.store}.parked_outbox RETURNING id, slot, topic, key, event_position)
      INSERT INTO ${schemas.store}.outbox (id, slot, topic, key, event_position) OVERRIDING SYSTEM VALUE SELECT * FROM back`)
    await operator.query('COMMIT')
    operator.release()

    expect(await parking).toBe('settled')
    expect(await countOf(database.pool, 'parked_outbox')).toBe(0)
    expect(await countOf(database.pool, 'outbox', `key = '${key}'`)).toBe(3)
  })
})

const admin = (): PostgresOutboxAdmin => new PostgresOutboxAdmin(database.pool, storeTables(schemas.store))

/** A row of the outbox that points nowhere. Answers its id. */
async function rowFor(key: string): Promise<bigint> {
  const { rows } = await database.pool.query<{ id: bigint }>(
    `INSERT INTO ${schemas.store}.outbox (slot, topic, key, event_position) VALUES ($1, $2, $3, $4) RETURNING id`,
    [slotOf(TOPIC, key), TOPIC, key, NOWHERE],
  )
  return rows[0]?.id ?? 0n
}

/** An account with this many events whose first row some log refused, though nothing is wrong with it. */
async function parkedAccount(events: number): Promise<{ key: string; park: () => Promise<RelayParts> }> {
  const key = await relays.accountWith(events)
  const park = async (): Promise<RelayParts> => {
    const parts = relays.parts({ lease: 60_000, around: (outbox) => throughTo(outbox) })
    const { outbox, leases, owner, relay } = parts
    const fence = { owner, epochs: (await leases.renew()).held }
    const [first] = await outbox.claim([...fence.epochs.keys()], 1)
    if (first === undefined) throw new Error('nothing is in the outbox')
    expect(await outbox.park([{ row: first, reason: 'too large' }], fence)).toBe('settled')
    await relay.start()
    await relays.outboxEmpty()
    return parts
  }
  return { key, park }
}

async function reasonsOf(key: string): Promise<readonly unknown[]> {
  const { rows } = await database.pool.query<{ reason: string | null }>(
    `SELECT coalesce(reason, 'waits') AS reason FROM ${schemas.store}.parked_outbox WHERE key = $1 ORDER BY id`,
    [key],
  )
  return rows.map(({ reason }) => reason)
}

const forget = (...keys: readonly string[]): Promise<unknown> =>
  database.pool.query(`DELETE FROM ${schemas.store}.parked_outbox WHERE key = ANY($1)`, [keys])
