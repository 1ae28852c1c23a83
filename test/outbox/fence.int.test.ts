import { describe, expect, it } from 'vitest'
import { partitionOf, SLOTS } from '../../src/log/index.js'
import { placeRecords } from '../../src/log/postgres/index.js'
import type { EventRow } from '../../src/outbox/outbox.js'
import { type RelayParts, throughTo, useRelays } from '../support/relays.js'
import { countOf, waitingForLocks } from '../support/store-facts.js'
import { waitFor } from '../support/wait-for.js'
import { schemas, useMigratedDatabase } from '../support/write-side.js'

const database = useMigratedDatabase()
const TOPIC = 'bank.account'
const relays = useRelays(database, TOPIC)

describe('the fence', () => {
  it('refuses a relay that was slow to settle what another has taken over, and leaves the rows', async () => {
    await relays.accountWith(3)
    const [stale, heir] = [relays.parts(), relays.parts()]
    const { held: epochs } = await stale.leases.renew()
    const rows = await stale.outbox.claim([...epochs.keys()], 10)
    await expiry()
    await heir.leases.renew()

    expect(await stale.outbox.settle(rows, { owner: stale.owner, epochs })).toBe('fenced')
    expect(await stale.handover.handOver(rows, { owner: stale.owner, epochs })).toBe('fenced')

    expect(rows).toHaveLength(3)
    expect(await countOf(database.pool, 'outbox')).toBe(3)
  })

  it('refuses a relay whose lease ran out, though nobody has taken its slots', async () => {
    await relays.accountWith(2)
    const late = relays.parts()
    const { held: epochs } = await late.leases.renew()
    const rows = await late.outbox.claim([...epochs.keys()], 10)
    await expiry()

    expect(await late.outbox.settle(rows, { owner: late.owner, epochs })).toBe('fenced')
    expect(await countOf(database.pool, 'outbox')).toBe(2)
  })

  it('refuses the whole batch when one of its slots is lost', async () => {
    const rows = [await rowOf(await relays.accountWith(1)), await rowOf(await relays.accountWith(1))] as const
    const one = relays.parts({ lease: 60_000 })
    const { held: epochs } = await one.leases.renew()
    await one.leases.release(rows[1].slot)

    expect(await one.outbox.settle(rows, { owner: one.owner, epochs })).toBe('fenced')
    expect(await countOf(database.pool, 'outbox')).toBe(2)
    expect(
      await one.outbox.settle(rows.slice(0, 1), {
        owner: one.owner,
        epochs: (await one.leases.renew()).held,
      }),
    ).toBe('settled')
  })

  it('refuses an epoch that was raised since, though the slot came back to its owner', async () => {
    await relays.accountWith(1)
    const [owner, between] = [relays.parts(), relays.parts({ lease: 60_000 })]
    const { held: epochs } = await owner.leases.renew()
    const rows = await owner.outbox.claim([...epochs.keys()], 10)
    await expiry()
    await between.leases.renew()
    await between.leases.leave()
    await owner.leases.renew()

    expect(await owner.outbox.settle(rows, { owner: owner.owner, epochs })).toBe('fenced')
  })

  it('keeps a slot from changing hands while a handover that began under its lease is under way', async () => {
    const account = await relays.accountWith(4)
    const [slow, heir] = [relays.parts(), relays.parts({ lease: 60_000 })]
    const { held: epochs } = await slow.leases.renew()
    const rows = await slow.outbox.claim([...epochs.keys()], 10)
    const blocker = await database.pool.connect()
    await blocker.query('BEGIN')
    await blocker.query(`SELECT FROM ${schemas.store}.topic_partitions FOR UPDATE`)

    const handover = slow.handover.handOver(rows, { owner: slow.owner, epochs })
    await waitFor(async () => (await waitingForLocks(database.pool)) === 1, { what: 'the handover to wait' })
    await expiry()
    const takeover = heir.leases.renew().then(({ held }) => held)
    await waitFor(async () => (await waitingForLocks(database.pool)) === 2, { what: 'the takeover to wait' })
    await blocker.query('COMMIT')
    blocker.release()

    expect(await handover).toBe('settled')
    expect((await takeover).size).toBe(SLOTS)
    expect(await heir.outbox.claim([...(await takeover).keys()], 10)).toEqual([])
    expect(await relays.versionsOf(account)).toEqual([1n, 2n, 3n, 4n])
  })

  it('publishes nothing again when a commit whose answer was lost is still under way', async () => {
    const account = await relays.accountWith(3)
    const { outbox, handover, leases, owner, log } = relays.parts({ lease: 60_000 })
    const fence = { owner, epochs: (await leases.renew()).held }
    const rows = await outbox.claim([...fence.epochs.keys()], 10)
    const slow = await database.pool.connect()
    await slow.query('BEGIN')
    await outbox.settleWithin(slow, rows, fence)
    const partitions = await log.partitionCounts([TOPIC])
    await placeRecords(
      slow,
      schemas.store,
      rows.map(({ topic, key, position }) => ({
        topic,
        partition: partitionOf(key, partitions.get(topic) ?? 1),
        partitions: partitions.get(topic) ?? 1,
        position,
      })),
    )

    const again = [handover.handOver(rows, fence), outbox.settle(rows, fence)]
    await waitFor(async () => (await waitingForLocks(database.pool)) === 2, { what: 'both to wait' })
    await slow.query('COMMIT')
    slow.release()

    expect(await Promise.all(again)).toEqual(['stale', 'stale'])
    expect(await relays.versionsOf(account)).toEqual([1n, 2n, 3n])
  })

  it('keeps all rows of a batch of which one was settled before', async () => {
    await relays.accountWith(3)
    const { outbox, leases, owner } = relays.parts({ lease: 60_000 })
    const fence = { owner, epochs: (await leases.renew()).held }
    const rows = await outbox.claim([...fence.epochs.keys()], 10)
    expect(await outbox.settle(rows.slice(0, 1), fence)).toBe('settled')

    expect(await outbox.settle(rows, fence)).toBe('stale')

    expect(await countOf(database.pool, 'outbox')).toBe(2)
  })

  it('lets a relay whose rows were settled meanwhile go on at once with what is left', async () => {
    const [gone, left] = [await relays.accountWith(2), await relays.accountWith(2)]
    let claims = 0
    const { relay } = relays.parts({
      lease: 60_000,
      pollInterval: 60_000,
      around: (outbox) => ({
        ...throughTo(outbox),
        claim: async (slots, limit) => {
          const rows = await outbox.claim(slots, limit)
          if (claims++ === 0)
            await database.pool.query(`DELETE FROM ${schemas.store}.outbox WHERE key = $1`, [gone])
          return rows
        },
      }),
    })
    await relay.start()
    await relays.outboxEmpty()

    expect(await relays.versionsOf(gone)).toEqual([])
    expect(await relays.versionsOf(left)).toEqual([1n, 2n])
    expect(relay.published).toBe(2)
  })

  it('lets a fenced relay go on with the slots it still gets', async () => {
    const account = await relays.accountWith(2)
    let intruder: RelayParts | undefined
    const { relay } = relays.parts({
      lease: 60_000,
      pollInterval: 100,
      around: (outbox) => ({
        ...throughTo(outbox),
        claim: async (slots, limit) => {
          const rows = await outbox.claim(slots, limit)
          if (rows.length > 0 && intruder === undefined) {
            intruder = relays.parts({ lease: 60_000 })
            await database.pool.query(`UPDATE ${schemas.store}.relay_slots SET expires_at = '-infinity'`)
            await intruder.leases.renew()
            await intruder.leases.leave()
          }
          return rows
        },
      }),
    })
    await relay.start()
    await relays.outboxEmpty()

    expect(await relays.versionsOf(account)).toEqual([1n, 2n])
  })
})

async function rowOf(key: string): Promise<EventRow> {
  const { rows } = await database.pool.query<EventRow>(
    `SELECT id, slot, topic, key, event_position AS position, false AS waits FROM ${schemas.store}.outbox WHERE key = $1`,
    [key],
  )
  const [row] = rows
  if (row === undefined) throw new Error(`nothing of ${key} is in the outbox`)
  return row
}

const expiry = (): Promise<true> =>
  waitFor(async () => (await countOf(database.pool, 'relay_slots', 'expires_at > clock_timestamp()')) === 0, {
    what: 'the leases to run out',
  })
