import { beforeEach, describe, expect, it } from 'vitest'
import { ParkingCeilingReached, ProjectionStopped } from 'reprise'
import { LaneDeclined } from '../../src/log/index.js'
import { SqlProjector } from '../../src/projections/postgres/sql-projector.js'
import { bankWith } from '../support/bank-variants.js'
import { HandFed, lane } from '../support/hand-fed.js'
import { lettersOf } from '../support/parked-letters.js'
import { ask, useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
const signal = new AbortController().signal

let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

const failing = bankWith(({ amount }) => {
  if (amount === 1n) throw new TypeError('planted at 1')
})

const subscriber = { name: 'balances', generation: 1 }

describe('an event of a type that only a newer release knows', () => {
  async function aheadOf(fed: HandFed) {
    const records = fed.records([...(await fed.account('b', 1)), ...(await fed.account('a', 1))])
    const newer = records.map((record) =>
      record.offset === 3n ? { ...record, headers: { ...record.headers, ce_type: 'AccountFrozen' } } : record,
    )
    // What the topic says of an event is what the store has of it.
    await ask(
      url,
      `ALTER TABLE reprise_store.events DISABLE TRIGGER USER; UPDATE reprise_store.events SET type = 'AccountFrozen'
       WHERE stream_id = 'a' AND version = 2; ALTER TABLE reprise_store.events ENABLE TRIGGER USER`,
    )
    return newer
  }
  const asked: unknown[] = []
  const schemas = {
    knows: (schema: { readonly type: string }) => {
      asked.push(schema)
      return Promise.resolve(schema.type === 'AccountFrozen')
    },
  }

  it('leaves its lane to others, says why, and parks nothing, however often it comes', async () => {
    await using fed = await HandFed.open(url)
    const records = await aheadOf(fed)
    const member = fed.member({ schemas })

    for (let time = 0; time < 8; time++) {
      const next = await member.assigned(lane)
      await expect(member.deliver(lane, records.slice(Number(next)), signal)).rejects.toThrow(LaneDeclined)
    }

    expect(await fed.state()).toMatchObject({ next: 3, guards: { 'account-a': 1, 'account-b': 2 } })
    expect([await fed.letters(), await fed.attempts()]).toEqual([[], []])
    expect(await fed.parts.checkpoints.waiting(subscriber)).toEqual([
      expect.objectContaining({
        ...lane,
        reason: expect.stringContaining('a newer release is writing AccountFrozen') as string,
      }),
    ])
    expect(asked).toContainEqual({ streamType: 'account', type: 'AccountFrozen', schemaVersion: 1 })
    expect(fed.stopped).toEqual([])
  })

  it('is no reason for suspicion once its try was taken back', async () => {
    await using fed = await HandFed.open(url)
    const { checkpoints } = fed.parts
    await checkpoints.countAttempt(subscriber, lane, 0n)
    await checkpoints.takeBackAttempt(subscriber, lane, 0n)

    expect(await checkpoints.take(subscriber, lane)).toMatchObject({ suspect: false })
  })

  it('is not counted as a try either, where its lane is suspected', async () => {
    await using fed = await HandFed.open(url)
    const records = await aheadOf(fed)
    await fed.parts.checkpoints.countAttempt(subscriber, lane, 0n)
    const member = fed.member({ schemas })
    await member.assigned(lane)

    await member.deliver(lane, records, signal).catch(() => undefined)

    expect((await fed.attempts()).filter((it) => it.attempts > 0)).toEqual([])
  })

  it('is parked where no release is known to write it', async () => {
    await using fed = await HandFed.open(url)
    const records = await aheadOf(fed)
    const member = fed.member({ schemas: { knows: () => Promise.resolve(false) } })
    await member.assigned(lane)

    expect(await member.deliver(lane, records, signal)).toBe(4n)

    expect(await fed.letters()).toMatchObject([{ key: 'account-a', version: 2, class: 'contract' }])
  })
})

describe('a failure that passes by itself', () => {
  it('is thrown for the log to deliver again, told, never parked, and never counted for good', async () => {
    await using fed = await HandFed.open(url)
    const shipped = fed.parts.subscriberFor(fed.generation)
    expect(shipped).not.toBeInstanceOf(SqlProjector)
    const told: unknown[] = []
    let failures = 12
    const member = fed.member({
      subscriber: {
        name: shipped.name,
        generation: shipped.generation,
        handles: shipped.handles,
        apply: (tx, envelopes) =>
          failures-- > 0
            ? Promise.reject(new Error('Connection terminated unexpectedly'))
            : shipped.apply(tx, envelopes),
      },
      onTransient: (at, error) => told.push([at, (error as Error).message]),
    })
    const records = fed.records(await fed.account('a', 2))
    // Suspected from the start, so that each try is counted before.
    await fed.parts.checkpoints.countAttempt(subscriber, lane, 0n)

    let next = 0n
    while (next < 3n) {
      await member.assigned(lane)
      next = await member.deliver(lane, records.slice(Number(next)), signal).catch(() => next)
    }

    expect(told).toHaveLength(12)
    expect(told[0]).toEqual([lane, 'Connection terminated unexpectedly'])
    expect(await fed.state()).toMatchObject({ next: 3, balances: { a: '11' } })
    expect([await fed.letters(), await fed.attempts()]).toEqual([[], []])
  })

  it('leaves its lane unsuspected', async () => {
    await using fed = await HandFed.open(url)
    let failing = true
    const tries: string[] = []
    const member = fed.member({
      failpoints: {
        reach: (point) => {
          if (point === 'attempt:after') tries.push(point)
          if (point === 'commit:in' && failing) throw new Error('Connection terminated unexpectedly')
        },
      },
    })
    const records = fed.records(await fed.account('a', 2))
    for (let time = 0; time < 3; time++) {
      await member.assigned(lane)
      await member.deliver(lane, records, signal).catch(() => undefined)
    }
    failing = false
    await member.assigned(lane)

    expect(await member.deliver(lane, records, signal)).toBe(3n)
    expect(tries).toEqual([])
  })

  it('does not add up to a letter while a swap holds the checkpoints', async () => {
    await using fed = await HandFed.open(url)
    await fed.parts.checkpoints.countAttempt(subscriber, lane, 0n)
    const member = fed.member()
    await member.assigned(lane)
    const records = fed.records(await fed.account('a', 1))
    await fed.parts.generations.hold(1, 800, 1_000)

    let deliveries = 0
    for (let next = 0n; next < 2n; deliveries++)
      next = await member.deliver(lane, records.slice(Number(next)), signal)

    expect(deliveries).toBeGreaterThan(6)
    expect(await fed.letters()).toEqual([])
    expect(await fed.state()).toMatchObject({ balances: { a: '1' } })
  })
})

describe('the ceiling', () => {
  it('stops the projection in place of parking more than 20 of few keys, and says so', async () => {
    await using fed = await HandFed.open(url, failing)
    const member = fed.member({ attempts: 1 })
    await member.assigned(lane)
    const events = []
    for (let account = 0; account < 24; account++) events.push(...(await fed.account(`acc-${account}`, 1)))

    await expect(member.deliver(lane, fed.records(events), signal)).rejects.toThrow(ProjectionStopped)

    expect(new Set((await fed.letters()).map(({ key }) => key)).size).toBe(20)
    const [stopped] = fed.stopped
    expect(stopped?.cause).toBeInstanceOf(ParkingCeilingReached)
    expect(stopped?.address).toMatchObject({ offset: 41n, type: 'MoneyDeposited' })
    expect(await fed.state()).toMatchObject({ next: 41 })
  })

  it('leaves nothing of what it stopped at to a build that is mended: every event is applied', async () => {
    let broken = true
    await using fed = await HandFed.open(
      url,
      bankWith(({ amount }) => {
        if (broken && amount === 1n) throw new TypeError('planted at 1')
      }),
    )
    const events = []
    for (let account = 0; account < 22; account++) events.push(...(await fed.account(`acc-${account}`, 1)))
    const records = fed.records(events)
    const member = fed.member({ attempts: 2 })
    await member.assigned(lane)
    await expect(member.deliver(lane, records, signal)).rejects.toThrow(ProjectionStopped)
    await member.revoked(lane)
    const parked = await fed.letters()

    broken = false
    const mended = fed.member({ attempts: 2 })
    let next = await mended.assigned(lane)
    while (next < 44n) next = await mended.deliver(lane, records.slice(Number(next)), signal)

    expect(await fed.letters()).toEqual(parked)
    expect(parked).toHaveLength(20)
    expect(await fed.state()).toMatchObject({ next: 44, balances: { 'acc-20': '1', 'acc-21': '1' } })
    expect(await fed.attempts()).toEqual([])
  })

  it('counts what was parked before the process started: another start parks no more', async () => {
    await using fed = await HandFed.open(url, failing)
    const events = []
    for (let account = 0; account < 23; account++) events.push(...(await fed.account(`acc-${account}`, 1)))
    for (let start = 0; start < 3; start++) {
      const member = fed.member({ attempts: 1 })
      const next = await member.assigned(lane)
      await member.deliver(lane, fed.records(events).slice(Number(next)), signal).catch(() => undefined)
      await member.revoked(lane)
    }

    expect(await fed.letters()).toHaveLength(20)
  })

  it('leaves aside what was parked long ago: more than a thousand records of the lane before', async () => {
    await using fed = await HandFed.open(url, failing)
    const events = []
    for (let account = 0; account < 21; account++) events.push(...(await fed.account(`acc-${account}`, 1)))
    const records = fed.records(events)
    const old = records.slice(0, 40)
    const late = records.slice(40).map((record) => ({ ...record, offset: record.offset + 1_000n }))
    const before = fed.member({ attempts: 1 })
    await before.assigned(lane)
    await before.deliver(lane, old, signal)
    await before.revoked(lane)
    // As if a thousand more had been published and applied meanwhile.
    fed.end = 2_000n
    await ask(url, 'UPDATE reprise_read.checkpoints SET next_offset = next_offset + 1000 WHERE partition = 0')

    const member = fed.member({ attempts: 1 })
    await member.assigned(lane)

    expect(await member.deliver(lane, late, signal)).toBe(1_042n)
    expect(await fed.letters()).toHaveLength(21)
    expect(fed.stopped).toEqual([])
  })

  it('forgets keys whose letters are gone: as many others may be parked', async () => {
    await using fed = await HandFed.open(url, failing)
    const member = fed.member({ attempts: 1 })
    await member.assigned(lane)
    const events = []
    for (let account = 0; account < 22; account++) events.push(...(await fed.account(`acc-${account}`, 1)))
    const records = fed.records(events)
    await member.deliver(lane, records.slice(0, 40), signal)
    await lettersOf(fed).discard({}, { by: 'a test', reason: 'never happened' })

    expect(await member.deliver(lane, records.slice(40), signal)).toBe(44n)

    expect(await fed.letters()).toHaveLength(2)
  })

  it('does not count what is no letter: copies of applied events that cannot be read', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member()
    await member.assigned(lane)
    const events = []
    for (let account = 0; account < 22; account++) events.push(...(await fed.account(`acc-${account}`, 0)))
    await member.deliver(lane, fed.records(events), signal)
    const copies = fed.records(events, 22n).map((record) => ({ ...record, value: Buffer.from('{"garb') }))

    expect(await member.deliver(lane, copies, signal)).toBe(44n)

    expect([await fed.letters(), fed.stopped, fed.logger.at('error')]).toEqual([[], [], []])
  })
})

describe('an event that was discarded', () => {
  it('is left out, its guard moves on, and what comes after it is applied', async () => {
    await using fed = await HandFed.open(url, failing)
    const member = fed.member()
    await member.assigned(lane)
    const events = await fed.account('a', 3)
    await ask(
      url,
      `INSERT INTO reprise_read.discards (projection, event_id, reason, discarded_by, letter) VALUES ('balances', $1, 'planted', 'a test', '{}')`,
      [events[1]?.eventId],
    )

    await member.deliver(lane, fed.records(events), signal)

    expect(await fed.state()).toEqual({ next: 4, guards: { 'account-a': 4 }, balances: { a: '110' } })
    expect(await fed.letters()).toEqual([])
  })

  it('that is none, but a record at a place, is left out too', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member()
    await member.assigned(lane)
    const records = fed.records(await fed.account('a', 1))
    await ask(
      url,
      `INSERT INTO reprise_read.discards (projection, event_id, reason, discarded_by, letter) VALUES ('balances', 'bank.account/0@0', 'planted', 'a test', '{}')`,
    )
    const [real, second] = records
    const hostile = { ...real, headers: {}, offset: 0n } as typeof real
    const delivered = [hostile, real, second].map((record, index) => ({ ...record, offset: BigInt(index) }))

    await member.deliver(lane, delivered as typeof records, signal)

    expect(await fed.letters()).toEqual([])
    expect(await fed.state()).toMatchObject({ next: 3, balances: { a: '1' } })
  })

  it('that is none stays so when its record, which says that it is one, is read again', async () => {
    await using fed = await HandFed.open(url)
    const records = fed.records(await fed.account('a', 1)).map((record) => ({
      ...record,
      headers: { ...record.headers, ce_sequence: (record.headers['ce_sequence'] ?? '').replace(/.$/, '9') },
    }))
    const member = fed.member()
    await member.assigned(lane)
    await member.deliver(lane, records, signal)
    expect(await fed.letters()).toMatchObject([{ key: null }, { key: null }])
    await lettersOf(fed).discard({}, { by: 'a test', reason: 'forged' })
    await ask(url, `UPDATE reprise_read.checkpoints SET next_offset = 0, last_event_id = NULL`)

    const again = fed.member()
    await again.assigned(lane)
    expect(await again.deliver(lane, records, signal)).toBe(2n)

    expect(await fed.letters()).toEqual([])
  })
})
