import { beforeEach, describe, expect, it } from 'vitest'
import { bankWith } from '../support/bank-variants.js'
import { HandFed, lane } from '../support/hand-fed.js'
import { useFreshDatabases } from '../support/read-side.js'

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

describe('a delivered batch', () => {
  it('commits rows, guards and checkpoint together', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member()
    await member.assigned(lane)

    const next = await member.deliver(lane, fed.records(await fed.account('a', 2)), signal)

    expect(next).toBe(3n)
    expect(await fed.state()).toEqual({ next: 3, guards: { 'account-a': 3 }, balances: { a: '11' } })
  })

  it('changes nothing when it is delivered again, whole or in part, in whatever place', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member()
    await member.assigned(lane)
    const events = [...(await fed.account('a', 3)), ...(await fed.account('b', 2))]
    let next = await member.deliver(lane, fed.records(events), signal)

    next = await member.deliver(lane, fed.records(events, next), signal)
    next = await member.deliver(lane, fed.records(events.toReversed(), next), signal)
    for (const event of events) next = await member.deliver(lane, fed.records([event], next), signal)

    expect(await fed.state()).toEqual({
      next: 28,
      guards: { 'account-a': 4, 'account-b': 3 },
      balances: { a: '111', b: '11' },
    })
  })

  it('with an event that fails is rolled back and gone through: that one is parked, all others are applied', async () => {
    await using fed = await HandFed.open(url, failing)
    const member = fed.member()
    await member.assigned(lane)
    const events = [
      ...(await fed.account('a', 1)),
      ...(await fed.account('b', 3)),
      ...(await fed.account('c', 1)),
    ]

    expect(await member.deliver(lane, fed.records(events), signal)).toBe(8n)

    expect(await fed.state()).toEqual({
      next: 8,
      guards: { 'account-a': 2, 'account-b': 4, 'account-c': 2 },
      balances: { a: '1', b: '11', c: '1' },
    })
    expect(await fed.letters()).toMatchObject([{ offset: 5, key: 'account-b', version: 4 }])
  })

  it('of a member whose lane was taken by another is not committed', async () => {
    await using fed = await HandFed.open(url)
    const [paused, successor] = [fed.member(), fed.member()]
    const records = fed.records(await fed.account('a', 2))
    await paused.assigned(lane)
    await successor.assigned(lane)

    await expect(paused.deliver(lane, records, signal)).rejects.toThrow(
      'does not hold lane bank.account/0 any more',
    )
    expect(await fed.state()).toEqual({ next: 0, guards: {}, balances: {} })
    await successor.deliver(lane, records, signal)
    await expect(paused.deliver(lane, records, signal)).rejects.toThrow('does not hold lane')

    expect(await fed.state()).toEqual({ next: 3, guards: { 'account-a': 3 }, balances: { a: '11' } })
    expect(fed.stopped).toEqual([])
  })

  it('with versions that the topic skipped gets them from the store, and says so', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member()
    await member.assigned(lane)
    const events = await fed.account('a', 4)

    await member.deliver(lane, fed.records([events[0], events[4]].filter((it) => it !== undefined)), signal)

    expect(await fed.state()).toEqual({ next: 2, guards: { 'account-a': 5 }, balances: { a: '1111' } })
    expect(fed.logger.at('warn')).toEqual([
      expect.objectContaining({ facts: { subscriber: 'balances', stream: 'account-a', from: 2, to: 4 } }),
    ])
  })
})
