import { beforeEach, describe, expect, it } from 'vitest'
import type { Subscriber } from '../../src/subscriptions/index.js'
import type { ReadTransaction } from '../../src/subscriptions/postgres/index.js'
import { bankWith } from '../support/bank-variants.js'
import { HandFed, lane } from '../support/hand-fed.js'
import { ask, useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
const signal = new AbortController().signal

let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

describe('an event that its topic skipped, and that fails', () => {
  it('is parked as its record would have been', async () => {
    await using fed = await HandFed.open(
      url,
      bankWith(({ amount }) => {
        if (amount === 100n) throw new TypeError('planted at 100')
      }),
    )
    const member = fed.member()
    await member.assigned(lane)
    const events = await fed.account('a', 4)

    await member.deliver(lane, fed.records(events.slice(4)), signal)

    expect(await fed.state()).toMatchObject({ next: 1, guards: { 'account-a': 5 }, balances: { a: '11' } })
    expect(await fed.letters()).toMatchObject([
      { key: 'account-a', offset: 0, version: 4, class: 'handler' },
      { key: 'account-a', offset: 0, version: 5, class: 'waiting' },
    ])
    const [bytes] = await ask(
      url,
      `SELECT headers, value FROM reprise_read.parked_events ORDER BY id LIMIT 1`,
    )
    const [record] = fed.records(events.slice(3))
    expect(bytes).toEqual({ headers: record?.headers, value: Buffer.from(record?.value ?? []) })
  })

  it('has tries of its own beside another one that came with the same record', async () => {
    const given: bigint[] = []
    await using fed = await HandFed.open(
      url,
      bankWith(({ amount }) => {
        given.push(amount)
        if (amount === 100n || amount === 1_000n) throw new TypeError(`planted at ${amount}`)
      }),
    )
    const counted: unknown[] = []
    const failpoints = {
      reach: async (point: string) => {
        if (point === 'attempt:after') counted.push(...(await fed.attempts()))
      },
    }
    const member = fed.member({ attempts: 3, failpoints, subscriber: eachForItself(fed) })
    await member.assigned(lane)
    const events = await fed.account('a', 5)

    expect(await member.deliver(lane, fed.records(events.slice(5)), signal)).toBe(1n)

    expect(await fed.letters()).toMatchObject([
      { version: 4, class: 'handler', message: 'planted at 100', attempts: 3 },
      { version: 5, class: 'handler', message: 'planted at 1000', attempts: 3 },
    ])
    // Once in a batch or beside the first, and then three times alone.
    expect(given.filter((amount) => amount === 1_000n)).toHaveLength(4)
    expect(counted).toEqual([1, 2, 3, 1, 2, 3].map((attempts) => ({ offset: 0, attempts })))
    expect([await fed.attempts(), await fed.state()]).toMatchObject([[], { balances: { a: '10011' } }])
  })

  it('is applied when one of its own tries succeeds', async () => {
    let failures = 3
    await using fed = await HandFed.open(
      url,
      bankWith(({ amount }) => {
        if (amount === 100n || (amount === 1_000n && failures-- > 0)) throw new TypeError('planted')
      }),
    )
    const member = fed.member({ subscriber: eachForItself(fed) })
    await member.assigned(lane)
    const events = await fed.account('a', 5)

    await member.deliver(lane, fed.records(events.slice(5)), signal)

    expect(await fed.letters()).toMatchObject([{ version: 4, attempts: 5 }])
    expect([await fed.attempts(), await fed.state()]).toMatchObject([[], { balances: { a: '11011' } }])
  })
})

/** The balances, as if each event had a key that no other has: none waits behind another. */
function eachForItself(fed: HandFed): Subscriber<ReadTransaction> {
  const shipped = fed.parts.subscriberFor(fed.generation)
  return {
    name: shipped.name,
    generation: shipped.generation,
    handles: shipped.handles,
    sequenceKeyOf: ({ eventId }) => eventId,
    apply: (tx, envelopes) => shipped.apply(tx, envelopes),
  }
}
