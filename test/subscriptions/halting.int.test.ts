import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { ProjectionStopped } from 'reprise'
import { bankWith } from '../support/bank-variants.js'
import { HandFed, lane } from '../support/hand-fed.js'
import { ask, useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
const signal = new AbortController().signal

let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

/** Its handler of deposits throws at one amount. */
const failing = bankWith((event) => {
  if (event.amount === 100n) throw new TypeError('planted at 100')
})

describe('a lane', () => {
  it('goes on after the event that was applied last, which it looks at again', async () => {
    await using fed = await HandFed.open(url)
    const events = await fed.account('a', 3)
    const records = fed.records(events)
    const first = fed.member()
    await first.assigned(lane)
    await first.deliver(lane, records.slice(0, 2), signal)

    const second = fed.member()
    expect(await second.assigned(lane)).toBe(1n)
    expect(await second.deliver(lane, records.slice(1, 2), signal)).toBe(2n)
    expect(await second.deliver(lane, records.slice(2), signal)).toBe(4n)

    expect(await fed.state()).toMatchObject({ next: 4, balances: { a: '111' } })
  })

  it('halts where records were deleted before they were applied', async () => {
    await using fed = await HandFed.open(url)
    fed.earliest = 4n

    await expect(fed.member().assigned(lane)).rejects.toThrow(
      'bank.account/0: expected offset 0, found the next record at offset 4: records were deleted before they were applied; ' +
        'rebuild the projection, which reads the event store where the topic no longer has all of it',
    )
    expect(fed.stopped).toHaveLength(1)
  })

  it('halts when the next record is not the one that comes next', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member()
    await member.assigned(lane)
    const events = await fed.account('a', 3)

    await expect(member.deliver(lane, fed.records(events, 7n), signal)).rejects.toThrow(
      'expected offset 0, found the next record at offset 7',
    )
  })

  it('applies what comes before offsets that are missing, and halts there', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member()
    await member.assigned(lane)
    const records = fed.records(await fed.account('a', 3))
    const torn = records.filter(({ offset }) => offset !== 2n)

    expect(await member.deliver(lane, torn, signal)).toBe(2n)
    await expect(member.deliver(lane, torn.slice(2), signal)).rejects.toThrow(
      'expected offset 2, found the next record at offset 3',
    )

    expect(await fed.state()).toMatchObject({ next: 2, balances: { a: '1' } })
  })

  it('halts on a topic that was made anew, shorter than before', async () => {
    await using fed = await HandFed.open(url)
    const before = fed.member()
    await before.assigned(lane)
    await before.deliver(lane, fed.records(await fed.account('a', 3)), signal)
    fed.end = 3n

    await expect(fed.member().assigned(lane)).rejects.toThrow(
      'expected offset 4, found the end of the partition at offset 3: the topic was made anew, or lost records',
    )
  })

  it('halts on a topic that was made anew, also when it has grown longer than before', async () => {
    await using fed = await HandFed.open(url)
    const before = fed.member()
    await before.assigned(lane)
    const events = await fed.account('a', 3)
    await before.deliver(lane, fed.records(events), signal)
    const others = await fed.account('b', 5)

    const after = fed.member()
    const next = await after.assigned(lane)
    const found = fed.records(others).filter(({ offset }) => offset >= next)

    await expect(after.deliver(lane, found, signal)).rejects.toThrow(
      `expected event ${events[3]?.eventId} at offset 3, as it was applied, found event ${others[3]?.eventId}`,
    )
    expect(await fed.state()).toMatchObject({ next: 4, balances: { a: '111' } })
  })

  it('halts at a record that another store wrote', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member()
    await member.assigned(lane)
    const stranger = randomUUID()
    const records = fed.records(await fed.account('a', 2))
    const foreign = records.map((record) => ({
      ...record,
      headers: { ...record.headers, 'reprise-store': stranger },
    }))

    await member.deliver(lane, [...records.slice(0, 2), ...foreign.slice(2)], signal)
    await expect(member.deliver(lane, foreign.slice(2), signal)).rejects.toThrow(
      `the record at bank.account/0@2 was written by the store ${stranger}, not by this one`,
    )

    expect(await fed.state()).toMatchObject({ next: 2, balances: { a: '1' } })
  })

  it('halts at an event of a type that this build does not know', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member()
    await member.assigned(lane)
    const records = fed.records(await fed.account('a', 1))
    const unknown = records.map((record) => ({
      ...record,
      headers: { ...record.headers, ce_type: 'AccountFrozen' },
    }))

    await expect(member.deliver(lane, unknown.slice(0, 1), signal)).rejects.toThrow(
      /AccountFrozen.*no event of this type is defined/,
    )
    expect(fed.stopped[0]?.address).toMatchObject({ ...lane, offset: 0n, version: 1, type: 'AccountFrozen' })
  })

  it('halts at bytes that are no event, and says where they are', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member()
    await member.assigned(lane)
    const [record] = fed.records(await fed.account('a', 1))
    if (record === undefined) throw new Error('no record')

    const garbage = { ...record, value: new TextEncoder().encode('{') }

    await expect(member.deliver(lane, [garbage], signal)).rejects.toThrow(
      'the record at bank.account/0@0 cannot be read',
    )
  })

  it('halts at a version whose predecessors are in neither topic nor store', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member({ history: { ...fed.parts.history, versions: () => Promise.resolve([]) } })
    await member.assigned(lane)
    const events = await fed.account('a', 2)

    await expect(member.deliver(lane, fed.records(events.slice(2)), signal)).rejects.toThrow(
      'version 3 of account-a arrived after version 0, and the versions between are in neither the topic nor the store',
    )
  })

  it('names the event that a handler failed at, with its whole address', async () => {
    await using fed = await HandFed.open(url, failing)
    const member = fed.member()
    await member.assigned(lane)
    const events = await fed.account('a', 4)

    await member.deliver(lane, fed.records(events), signal)
    await member.deliver(lane, fed.records(events.slice(3), 3n), signal).catch(() => undefined)

    expect(fed.stopped).toHaveLength(1)
    expect(fed.stopped[0]?.address).toEqual({
      ...lane,
      offset: 3n,
      stream: { type: 'account', id: 'a' },
      version: 4,
      eventId: events[3]?.eventId,
      type: 'MoneyDeposited',
    })
    expect(fed.stopped[0]?.message).toContain('planted at 100')
  })

  it('names the event also when the topic had skipped it: its place is that of the record behind the gap', async () => {
    await using fed = await HandFed.open(url, failing)
    const member = fed.member()
    await member.assigned(lane)
    const events = await fed.account('a', 4)
    const last = fed.records(events.slice(4))

    await expect(member.deliver(lane, last, signal)).rejects.toThrow(ProjectionStopped)

    expect(fed.stopped[0]?.address).toMatchObject({ offset: 0n, version: 4, eventId: events[3]?.eventId })
  })

  it('finds the event at which the database refused a batch, though nobody names it', async () => {
    await using fed = await HandFed.open(url)
    await ask(
      url,
      `ALTER TABLE bank_balances_g1.balances ADD CONSTRAINT planted CHECK (account_id <> 'b' OR balance < 100)`,
    )
    const member = fed.member()
    await member.assigned(lane)
    const events = [
      ...(await fed.account('a', 2)),
      ...(await fed.account('b', 4)),
      ...(await fed.account('c', 2)),
    ]
    const records = fed.records(events)

    let next = 0n
    const deliverRest = async (): Promise<void> => {
      while (next < 11n) next = await member.deliver(lane, records.slice(Number(next)), signal)
    }
    await expect(deliverRest()).rejects.toThrow('planted')

    expect(fed.stopped[0]?.address).toMatchObject({ offset: 6n, version: 4, eventId: events[6]?.eventId })
    expect(await fed.state()).toMatchObject({ next: 6, balances: { a: '11', b: '11' } })
  })

  it('that stopped takes nothing more', async () => {
    await using fed = await HandFed.open(url, failing)
    const member = fed.member()
    await member.assigned(lane)
    const events = await fed.account('a', 3)
    await member.deliver(lane, fed.records(events), signal)
    await member.deliver(lane, fed.records(events.slice(3), 3n), signal).catch(() => undefined)

    await expect(member.deliver(lane, fed.records(await fed.account('b', 1), 3n), signal)).rejects.toThrow(
      ProjectionStopped,
    )
    await expect(member.assigned({ ...lane, partition: 1 })).rejects.toThrow(ProjectionStopped)
    expect(fed.stopped).toHaveLength(1)
  })

  it('of a generation that is neither live nor being built is given up', async () => {
    await using fed = await HandFed.open(url)
    let retired = 0
    const member = fed.member({
      subscriber: fed.parts.subscriberFor({ ...fed.generation, generation: 7 }),
      onRetired: () => retired++,
    })

    await expect(member.assigned(lane)).rejects.toThrow('does not hold lane')
    expect(retired).toBe(1)
  })

  it('stays put while a swap holds its generation, and goes on when the hold runs out', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member()
    await member.assigned(lane)
    const records = fed.records(await fed.account('a', 2))
    await fed.parts.generations.hold(1, 300, 1_000)

    expect(await member.deliver(lane, records, signal)).toBe(0n)
    expect(await fed.state()).toMatchObject({ next: 0, balances: {} })
    let next = 0n
    while (next === 0n) next = await member.deliver(lane, records, signal)

    expect(await fed.state()).toMatchObject({ next: 3, balances: { a: '11' } })
    expect(fed.stopped).toEqual([])
  })
})
