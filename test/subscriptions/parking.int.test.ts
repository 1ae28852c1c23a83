import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
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

describe('an event at which its handler fails', () => {
  it('is parked after its tries with all that is known of it, and the log says so', async () => {
    await using fed = await HandFed.open(url, failing)
    const member = fed.member()
    await member.assigned(lane)
    const events = await fed.account('a', 3)
    const [, , , record] = fed.records(events)

    await member.deliver(lane, fed.records(events), signal)

    const [letter] = await ask(
      url,
      `SELECT topic, partition, record_offset::int AS offset, record_key, headers, value, event_id, stream, version::int,
              type, error_class, error_name, error_message, error_stack, attempts, first_failed_at <= last_failed_at AS ordered
       FROM reprise_read.parked_events`,
    )
    expect(letter).toMatchObject({
      ...lane,
      offset: 3,
      record_key: 'a',
      headers: record?.headers,
      value: Buffer.from(record?.value ?? []),
      event_id: events[3]?.eventId,
      stream: 'account-a',
      version: 4,
      type: 'MoneyDeposited',
      error_class: 'handler',
      error_name: 'TypeError',
      error_message: 'planted at 100',
      error_stack: expect.stringContaining('parking.int.test') as string,
      attempts: 5,
      ordered: true,
    })
    expect(fed.logger.at('error')).toEqual([
      expect.objectContaining({
        message: 'an event was parked: those of its key wait behind it, the others go on',
        facts: expect.objectContaining({
          record: 'bank.account/0@3',
          sequenceKey: 'account-a',
          error: 'TypeError: planted at 100',
          attempts: 5,
        }) as object,
      }),
    ])
  })

  it('holds back the later events of its key in order, in its batch and in later ones, and nothing else', async () => {
    await using fed = await HandFed.open(url, failing)
    const member = fed.member()
    await member.assigned(lane)
    const [a, b] = [await fed.account('a', 5), await fed.account('b', 2)]
    const records = fed.records([...a.slice(0, 5), ...b, ...a.slice(5)])

    let next = await member.deliver(lane, records.slice(0, 6), signal)
    next = await member.deliver(lane, records.slice(Number(next)), signal)

    expect(next).toBe(9n)
    expect(await fed.state()).toEqual({
      next: 9,
      guards: { 'account-a': 6, 'account-b': 3 },
      balances: { a: '11', b: '11' },
    })
    expect(await fed.letters()).toMatchObject([
      { key: 'account-a', version: 4, class: 'handler' },
      { key: 'account-a', version: 5, class: 'waiting', fingerprint: null },
      { key: 'account-a', version: 6, class: 'waiting' },
    ])
  })

  it('leaves no letter twice when its records are delivered again', async () => {
    await using fed = await HandFed.open(url, failing)
    const member = fed.member()
    await member.assigned(lane)
    const events = await fed.account('a', 4)
    const next = await member.deliver(lane, fed.records(events), signal)

    await member.deliver(lane, fed.records(events, next), signal)

    expect(await fed.letters()).toHaveLength(2)
  })

  it('is tried as often as its projection says, each try counted before, and the count goes with the letter', async () => {
    await using fed = await HandFed.open(url, failing)
    const seen: unknown[] = []
    const failpoints = {
      reach: async (point: string) => {
        if (point === 'attempt:after') seen.push(await fed.attempts())
      },
    }
    const member = fed.member({ attempts: 3, failpoints })
    await member.assigned(lane)

    await member.deliver(lane, fed.records(await fed.account('a', 3)), signal)

    expect(seen).toEqual([1, 2, 3].map((attempts) => [{ offset: 3, attempts }]))
    expect(await fed.letters()).toMatchObject([{ attempts: 3 }])
    expect(await fed.attempts()).toEqual([])
  })

  it('that succeeds when it is tried alone is applied, and leaves neither letter nor count', async () => {
    let failures = 3
    await using fed = await HandFed.open(
      url,
      bankWith(({ amount }) => {
        if (amount === 10n && failures-- > 0) throw new Error('planted')
      }),
    )
    const member = fed.member()
    await member.assigned(lane)

    await member.deliver(lane, fed.records(await fed.account('a', 3)), signal)

    expect(await fed.state()).toMatchObject({ next: 4, balances: { a: '111' } })
    expect([await fed.letters(), await fed.attempts()]).toEqual([[], []])
  })

  it('is found where the database refused its batch and nobody names it', async () => {
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

    expect(await member.deliver(lane, fed.records(events), signal)).toBe(11n)

    expect(await fed.state()).toMatchObject({ next: 11, balances: { a: '11', b: '11', c: '11' } })
    expect(await fed.letters()).toMatchObject([
      {
        offset: 6,
        version: 4,
        key: 'account-b',
        class: 'handler',
        message: expect.stringContaining('planted') as string,
      },
      { offset: 7, version: 5, key: 'account-b', class: 'waiting' },
    ])
  })

  it('has the fingerprint of those that fail alike, and not of others', async () => {
    await using fed = await HandFed.open(
      url,
      bankWith(({ amount }, { account_id }) => {
        if (amount === 10n) throw new Error(`account "${account_id}" has ${amount} at ${randomUUID()}`)
        if (amount === 1n && account_id === 'c') throw new RangeError('another one')
      }),
    )
    const member = fed.member()
    await member.assigned(lane)
    const events = [
      ...(await fed.account('a', 2)),
      ...(await fed.account('b', 2)),
      ...(await fed.account('c', 2)),
    ]

    await member.deliver(lane, fed.records(events), signal)

    const [a, b, c] = (await fed.letters()).filter((it) => it.class === 'handler').map((it) => it.fingerprint)
    expect(a).toMatch(/^[0-9a-f]{16}$/)
    expect(b).toBe(a)
    expect(c).not.toBe(a)
  })
})
