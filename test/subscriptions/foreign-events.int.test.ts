import { beforeEach, describe, expect, it } from 'vitest'
import { readCloudEvent } from 'reprise'
import { pruneSeenEvents } from '../../src/subscriptions/postgres/index.js'
import { ordersService } from '../support/consumers.js'
import { ContractLanes, foreignRecords, type ForeignRecord } from '../support/contract-lanes.js'
import { lettersIn } from '../support/hand-fed.js'
import { ask, useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
const signal = new AbortController().signal
const WINDOW = 3_600_000
const byId = ordersService({ eventIds: WINDOW }).service
const byOffset = ordersService('offsets').service

let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

async function sold(): Promise<Record<string, number>> {
  const rows = await ask<{ article: string; pieces: number }>(
    url,
    'SELECT article, pieces FROM stock.sold ORDER BY 1',
  )
  return Object.fromEntries(rows.map((row) => [row.article, row.pieces]))
}

const noon = new Date('2026-11-21T12:00:00.000Z')
const later = (milliseconds: number): Date => new Date(noon.getTime() + milliseconds)

describe('events guarded by their ids', () => {
  it('are applied once when they come twice: in a batch, in a later one, after a restart, in another lane', async () => {
    await using lanes = await ContractLanes.open(url, byId)
    const member = lanes.member()
    await member.assigned(lanes.lane())
    const records = foreignRecords(lanes.lane(), [{ id: '1' }, { id: '2' }, { id: '1' }, { id: '2' }])
    await member.deliver(lanes.lane(), records.slice(0, 3), signal)
    await member.deliver(lanes.lane(), records.slice(3), signal)

    const other = lanes.member()
    await other.assigned(lanes.lane(1))
    await other.deliver(lanes.lane(1), foreignRecords(lanes.lane(1), [{ id: '2' }, { id: '3' }]), signal)

    expect(await sold()).toEqual({ a: 3 })
    expect([await lanes.next(), await lanes.next(1)]).toEqual([4n, 2n])
  })

  it('are applied again once the window is over, by the times of the records', async () => {
    await using lanes = await ContractLanes.open(url, byId)
    const member = lanes.member()
    await member.assigned(lanes.lane())
    const deliver = async (records: readonly ForeignRecord[], from: bigint): Promise<void> => {
      await member.deliver(lanes.lane(), foreignRecords(lanes.lane(), records, from), signal)
    }

    await deliver([{ id: '1', at: noon }], 0n)
    await deliver([{ id: '1', at: later(WINDOW) }], 1n)
    expect(await sold()).toEqual({ a: 1 })

    await deliver([{ id: '1', at: later(WINDOW + 1) }], 2n)
    await deliver([{ id: '1', at: later(WINDOW + 2) }], 3n)
    expect(await sold()).toEqual({ a: 2 })

    // And the same within one batch.
    const twice = [
      { id: '2', at: noon },
      { id: '2', at: later(WINDOW + 1) },
      { id: '2', at: later(WINDOW + 2) },
    ]
    await deliver(twice, 4n)
    expect(await sold()).toEqual({ a: 4 })
  })

  it('are applied once when two lanes deliver them at the same moment, in any order', async () => {
    await using lanes = await ContractLanes.open(url, byId)
    const members = [lanes.member(), lanes.member(), lanes.member()]
    const ids = Array.from({ length: 60 }, (_, index) => index.toString())

    await Promise.all(
      members.map(async (member, partition) => {
        const lane = lanes.lane(partition)
        await member.assigned(lane)
        const mixed = partition === 1 ? [...ids].reverse() : ids
        for (let at = 0; at < ids.length; at += 10) {
          const batch = mixed.slice(at, at + 10).map((id) => ({ id, key: 'same' }))
          await member.deliver(lane, foreignRecords(lane, batch, BigInt(at)), signal)
        }
      }),
    )

    expect(await sold()).toEqual({ same: 60 })
  })

  it('are not remembered when their batch is not kept', async () => {
    await using lanes = await ContractLanes.open(url, byId)
    const member = lanes.member({
      failpoints: {
        reach: (point) => {
          if (point === 'commit:in') throw new Error('Connection terminated unexpectedly')
        },
      },
    })
    await member.assigned(lanes.lane())

    await member.deliver(lanes.lane(), foreignRecords(lanes.lane(), [{ id: '1' }]), signal).catch(() => 0)

    expect(await ask(url, 'SELECT event_id FROM reprise_read.seen_events')).toEqual([])
    expect(await lanes.next()).toBe(0n)
  })

  it('are remembered also when they are parked: a repetition is no second letter', async () => {
    const { service } = ordersService({ eventIds: WINDOW }, { read: (record) => readCloudEvent(record) })
    await using lanes = await ContractLanes.open(url, service)
    const member = lanes.member()
    await member.assigned(lanes.lane())
    const bad = { id: '2', data: { pieces: 'many' } }
    const records = foreignRecords(lanes.lane(), [{ id: '1' }, bad, bad, { id: '3' }, { id: '4', key: 'b' }])

    expect(await member.deliver(lanes.lane(), records, signal)).toBe(5n)

    expect(await lettersIn(url, 'sold')).toMatchObject([
      { offset: 1, key: 'order-a', type: 'OrderPlaced', class: 'contract' },
      { offset: 3, key: 'order-a', class: 'waiting' },
    ])
    expect(await sold()).toEqual({ a: 1, b: 1 })
    expect(lanes.stopped).toEqual([])
  })

  it('are the same ones in a replay, however long ago they were written and however fast it is', async () => {
    await using lanes = await ContractLanes.open(url, byId)
    const stored = foreignRecords(lanes.lane(), [
      { id: '1', at: noon },
      { id: '1', at: later(1_000) },
      { id: '1', at: later(2 * WINDOW) },
      { id: '2', at: later(3 * WINDOW) },
    ])
    const live = lanes.member()
    await live.assigned(lanes.lane())
    for (const record of stored) await live.deliver(lanes.lane(), [record], signal)

    const building = await lanes.parts.generations.createBuilding()
    const replay = lanes.member({ subscriber: lanes.parts.subscriberFor(building) })
    await replay.assigned(lanes.lane())
    await replay.deliver(lanes.lane(), stored, signal)

    const rebuilt = await ask(url, `SELECT article, pieces FROM ${building.schema}.sold`)
    expect(rebuilt).toEqual([{ article: 'a', pieces: 3 }])
    expect(await sold()).toEqual({ a: 3 })
  })
})

describe('ids that are remembered', () => {
  const subscriber = { name: 'sold', generation: 1 }

  async function prune(lanes: ContractLanes, ends: readonly bigint[]): Promise<number> {
    const offsets = ends.map((end, partition) => ({ partition, earliest: 0n, end }))
    const options = { subscriber, topic: lanes.topic, window: WINDOW, offsets }
    return pruneSeenEvents(lanes.db, 'reprise_read', options, signal)
  }

  const age = (interval: string) =>
    ask(url, `UPDATE reprise_read.seen_events SET noted_at = noted_at - interval '${interval}'`)

  it('are forgotten when every lane is past their window, and not before', async () => {
    await using lanes = await ContractLanes.open(url, byId)
    const member = lanes.member()
    for (const partition of [0, 1]) await member.assigned(lanes.lane(partition))
    const first = Array.from({ length: 7 }, (_, index) => ({ id: index.toString(), at: noon }))
    await member.deliver(lanes.lane(), foreignRecords(lanes.lane(), first), signal)
    const next = foreignRecords(lanes.lane(), [{ id: 'next', at: later(2 * WINDOW) }], 7n)
    await member.deliver(lanes.lane(), next, signal)
    await age('2 hours')

    // Lane 1 has records that nobody has read yet.
    expect(await prune(lanes, [8n, 5n, 0n])).toBe(0)

    const behind = foreignRecords(lanes.lane(1), [{ id: 'other', at: later(WINDOW) }])
    await member.deliver(lanes.lane(1), behind, signal)
    expect(await prune(lanes, [8n, 5n, 0n])).toBe(0)

    const level = foreignRecords(lanes.lane(1), [{ id: 'level', at: later(WINDOW + 1) }], 1n)
    await member.deliver(lanes.lane(1), level, signal)
    expect(await prune(lanes, [9n, 5n, 0n])).toBe(7)
    expect(await ask(url, 'SELECT count(*)::int FROM reprise_read.seen_events')).toEqual([{ count: 3 }])
  })

  it('stay for the window from when they were noted, where a topic holds records of long ago', async () => {
    await using lanes = await ContractLanes.open(url, byId)
    const member = lanes.member()
    await member.assigned(lanes.lane())
    const old = [{ id: '1', at: new Date('1998-12-31T00:00:00.000Z') }]
    await member.deliver(lanes.lane(), foreignRecords(lanes.lane(), old), signal)

    expect(await prune(lanes, [1n, 0n, 0n])).toBe(0)
    await age('61 minutes')
    expect(await prune(lanes, [1n, 0n, 0n])).toBe(1)
  })

  it('go with their generation', async () => {
    await using lanes = await ContractLanes.open(url, byId)
    const building = await lanes.parts.generations.createBuilding()
    const member = lanes.member({ subscriber: lanes.parts.subscriberFor(building) })
    await member.assigned(lanes.lane())
    await member.deliver(lanes.lane(), foreignRecords(lanes.lane(), [{ id: '1' }]), signal)

    await lanes.parts.generations.drop(building.generation)

    expect(await ask(url, 'SELECT FROM reprise_read.seen_events')).toEqual([])
  })
})

describe('events guarded by their place alone', () => {
  it('are applied as often as the topic has them, and once each, whatever is delivered again', async () => {
    await using lanes = await ContractLanes.open(url, byOffset)
    const records = foreignRecords(lanes.lane(), [{ id: '1' }, { id: '1' }, { id: '2' }])
    const first = lanes.member()
    await first.assigned(lanes.lane())
    await first.deliver(lanes.lane(), records, signal)

    const second = lanes.member()
    expect(await second.assigned(lanes.lane())).toBe(2n)
    expect(await second.deliver(lanes.lane(), records.slice(2), signal)).toBe(3n)

    expect(await sold()).toEqual({ a: 3 })
  })

  it('of different lanes that meet on a row are all counted', async () => {
    await using lanes = await ContractLanes.open(url, byOffset)
    await Promise.all(
      [0, 1, 2].map(async (partition) => {
        const member = lanes.member()
        const lane = lanes.lane(partition)
        await member.assigned(lane)
        for (let at = 0; at < 20; at++) {
          const key = `key of partition ${partition}`
          const record = foreignRecords(lane, [{ id: `${partition}-${at}`, key, subject: 'x' }], BigInt(at))
          await member.deliver(lane, record, signal)
        }
      }),
    )

    expect(await sold()).toEqual({ x: 60 })
  })

  it('may have gaps between their offsets, as compaction and transactions leave them', async () => {
    await using lanes = await ContractLanes.open(url, byOffset)
    const member = lanes.member()
    await member.assigned(lanes.lane())
    const torn = foreignRecords(lanes.lane(), [
      { id: '1', offset: 3n },
      { id: '2', offset: 7n },
    ])
    expect(await member.deliver(lanes.lane(), torn, signal)).toBe(8n)
    const next = foreignRecords(lanes.lane(), [{ id: '3', offset: 12n }])
    expect(await member.deliver(lanes.lane(), next, signal)).toBe(13n)

    expect(await sold()).toEqual({ a: 3 })
  })

  it('that were deleted before they were applied halt the lane', async () => {
    await using lanes = await ContractLanes.open(url, byOffset)
    const member = lanes.member()
    await member.assigned(lanes.lane())
    lanes.earliest = 5n

    const rest = foreignRecords(lanes.lane(), [{ id: '6', offset: 5n }])
    await expect(member.deliver(lanes.lane(), rest, signal)).rejects.toThrow(
      'expected offset 0, found the next record at offset 5: records were deleted before they were applied',
    )
  })

  it('halt on a topic that was made anew, though its ids may be the same', async () => {
    await using lanes = await ContractLanes.open(url, byOffset)
    const before = lanes.member()
    await before.assigned(lanes.lane())
    await before.deliver(lanes.lane(), foreignRecords(lanes.lane(), [{ id: '1', at: noon }]), signal)

    const after = lanes.member()
    expect(await after.assigned(lanes.lane())).toBe(0n)
    const anew = foreignRecords(lanes.lane(), [{ id: '1', at: later(1) }, { id: '2' }])
    await expect(after.deliver(lanes.lane(), anew, signal)).rejects.toThrow('the topic was made anew')
  })
})

describe('a read of the contract itself', () => {
  const read = ordersService('offsets', {
    read: ({ key, headers, value }) => {
      if (headers['kind'] !== 'order') return undefined
      const [pieces] = JSON.parse(new TextDecoder().decode(value ?? new Uint8Array())) as [number]
      return { type: 'OrderPlaced', subject: key.split(':')[0] ?? '', data: { pieces } }
    },
  }).service
  const record = (kind: string, value: string, offset: bigint) => ({
    topic: 'shop.orders',
    partition: 0,
    offset,
    key: 'lamp:17',
    headers: { kind },
    value: new TextEncoder().encode(value),
    timestamp: noon,
  })

  it('makes events of whatever a producer writes, and passes the rest by', async () => {
    await using lanes = await ContractLanes.open(url, read)
    const member = lanes.member()
    await member.assigned(lanes.lane())
    const records = [
      record('order', '[2]', 0n),
      record('invoice', 'none of ours', 1n),
      record('order', '[3]', 2n),
    ]

    expect(await member.deliver(lanes.lane(), [...records, record('invoice', '', 3n)], signal)).toBe(4n)

    expect(await sold()).toEqual({ lamp: 5 })
    expect(await lanes.next()).toBe(4n)
  })

  it('that throws has the record parked, with what its key stands for held back', async () => {
    await using lanes = await ContractLanes.open(url, read)
    const member = lanes.member()
    await member.assigned(lanes.lane())
    const records = [record('order', '[2]', 0n), record('order', '{', 1n)]

    expect(await member.deliver(lanes.lane(), records, signal)).toBe(2n)

    expect(await lettersIn(url, 'sold')).toMatchObject([
      {
        offset: 1,
        key: 'order-lamp:17',
        class: 'contract',
        message: expect.stringContaining('the record at shop.orders/0@1 cannot be read') as string,
      },
    ])
    expect(await sold()).toEqual({ lamp: 2 })
  })
})
