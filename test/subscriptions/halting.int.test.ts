import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { ProjectionStopped } from 'reprise'
import { HandFed, lane } from '../support/hand-fed.js'
import { useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
const signal = new AbortController().signal

let url = ''
beforeEach(async () => {
  url = await freshDatabase()
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

  it('halts when it is looked at again on a topic that was made anew, though it has applied some of that', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member()
    await member.assigned(lane)
    const events = await fed.account('a', 3)
    await member.deliver(lane, fed.records(events), signal)
    const found = fed.records([...(await fed.account('b', 5)), ...(await fed.account('c', 1))])

    const next = await member.deliver(lane, found.slice(4, 6), signal)
    const from = await member.recheck(lane)
    const looking = member.deliver(lane, found.slice(Number(from)), signal)

    expect([next, from]).toEqual([6n, 3n])
    await expect(looking).rejects.toThrow(
      `expected event ${events[3]?.eventId} at offset 3, as it was applied, found event`,
    )
    expect(await fed.state()).toMatchObject({ next: 6 })
  })

  it('halts so, too, where the log gives out more than it was asked for, or only what comes before it', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member()
    await member.assigned(lane)
    const events = await fed.account('a', 3)
    await member.deliver(lane, fed.records(events), signal)
    const found = fed.records(await fed.account('b', 4))
    await member.recheck(lane)

    expect(await member.deliver(lane, found.slice(1, 3), signal)).toBe(3n)
    await expect(member.deliver(lane, found.slice(2), signal)).rejects.toThrow(
      `expected event ${events[3]?.eventId} at offset 3, as it was applied, found event`,
    )
  })

  it('halts so, too, where it has begun again after a failure in between', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member()
    await member.assigned(lane)
    await member.deliver(lane, fed.records(await fed.account('a', 3)), signal)
    const found = fed.records(await fed.account('b', 7))
    await member.deliver(lane, found.slice(4, 6), signal)

    const from = await member.assigned(lane)

    expect(from).toBe(3n)
    await expect(member.deliver(lane, found.slice(Number(from)), signal)).rejects.toThrow('made anew')
  })

  it('goes on where it was when it was looked at again, however far it has come, and looks further on next time', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member()
    await member.assigned(lane)
    const records = fed.records(await fed.account('a', 6))
    await member.deliver(lane, records.slice(0, 2), signal)
    await member.deliver(lane, records.slice(2, 5), signal)

    const first = await member.recheck(lane)
    const reached = member.reached(lane)
    const next = await member.deliver(lane, records.slice(Number(first), 4), signal)
    const second = await member.recheck(lane)
    const end = await member.deliver(lane, records.slice(Number(second)), signal)

    expect([first, reached, next, second, end]).toEqual([1n, 5n, 5n, 4n, 7n])
    expect(await fed.state()).toMatchObject({ next: 7, balances: { a: '111111' } })
  })

  it('goes on as well where the record that it would look at was deleted as it should be', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member()
    await member.assigned(lane)
    const records = fed.records(await fed.account('a', 5))
    await member.deliver(lane, records.slice(0, 2), signal)
    await member.deliver(lane, records.slice(2, 4), signal)
    fed.earliest = 2n

    expect(await member.recheck(lane)).toBe(3n)
    fed.earliest = 4n
    expect(await member.recheck(lane)).toBe(4n)
    expect(await member.deliver(lane, records.slice(4), signal)).toBe(6n)
  })

  it('goes on, too, where that happens before the log gives it out', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member()
    await member.assigned(lane)
    const records = fed.records(await fed.account('a', 5))
    await member.deliver(lane, records.slice(0, 2), signal)
    await member.deliver(lane, records.slice(2, 4), signal)

    expect(await member.recheck(lane)).toBe(1n)
    expect(await member.deliver(lane, records.slice(3, 4), signal)).toBe(4n)
    expect(await member.recheck(lane)).toBe(3n)
    expect(await member.deliver(lane, records.slice(4), signal)).toBe(6n)
    expect(fed.stopped).toEqual([])
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

    const delivered = [...records.slice(0, 2), ...foreign.slice(2)]
    await expect(member.deliver(lane, delivered, signal)).rejects.toThrow(
      `the record at bank.account/0@2 was written by the store ${stranger}, not by this one`,
    )

    expect(await fed.state()).toMatchObject({ next: 2, balances: { a: '1' } })
  })

  it('halts at an event of the store whose predecessors are in neither topic nor store', async () => {
    await using fed = await HandFed.open(url)
    const { history } = fed.parts
    const torn = Object.create(history, {
      versions: {
        value: (...asked: Parameters<typeof history.versions>) =>
          asked[1] === 3 ? history.versions(...asked) : Promise.resolve([]),
      },
    }) as typeof history
    const member = fed.member({ history: torn })
    await member.assigned(lane)
    const events = await fed.account('a', 2)

    await expect(member.deliver(lane, fed.records(events.slice(2)), signal)).rejects.toThrow(
      'version 3 of account-a arrived after version 0, and the versions between are in neither the topic nor the store',
    )
  })

  it('that stopped takes nothing more', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member()
    await member.assigned(lane)
    const records = fed.records(await fed.account('a', 3))
    await member.deliver(lane, records.slice(1), signal).catch(() => undefined)

    await expect(member.deliver(lane, records, signal)).rejects.toThrow(ProjectionStopped)
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
