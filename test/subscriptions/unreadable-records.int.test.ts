import { beforeEach, describe, expect, it } from 'vitest'
import type { LogRecord } from '../../src/log/index.js'
import { HandFed, lane } from '../support/hand-fed.js'
import { useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
const signal = new AbortController().signal

let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

describe('a record that cannot be read', () => {
  it('of a committed event is parked at once, without a try, and holds its key back', async () => {
    await using fed = await HandFed.open(url)
    const tries: string[] = []
    const member = fed.member({
      failpoints: {
        reach: (point) => {
          if (point === 'attempt:after') tries.push(point)
        },
      },
    })
    await member.assigned(lane)
    const records = fed.records([...(await fed.account('a', 3)), ...(await fed.account('b', 1))])
    const broken = replaced(records, 1, { value: new TextEncoder().encode('{') })

    expect(await member.deliver(lane, broken, signal)).toBe(6n)

    expect(tries).toEqual([])
    expect(await fed.letters()).toMatchObject([
      { offset: 1, key: 'account-a', version: 2, type: 'MoneyDeposited', class: 'contract', attempts: 1 },
      { offset: 2, key: 'account-a', version: 3, class: 'waiting' },
      { offset: 3, key: 'account-a', version: 4, class: 'waiting' },
    ])
    expect(await fed.state()).toMatchObject({
      guards: { 'account-a': 4, 'account-b': 2 },
      balances: { b: '1' },
    })
  })

  it('of an event that was applied before is a repetition, whatever its bytes are', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member()
    await member.assigned(lane)
    const events = await fed.account('a', 2)
    await member.deliver(lane, fed.records(events), signal)
    const again = fed.records(events, 3n).map((record) => ({ ...record, value: new Uint8Array(3) }))

    expect(await member.deliver(lane, again, signal)).toBe(6n)

    expect(await fed.letters()).toEqual([])
  })

  it('of a type that nobody knows is parked, and holds its key back', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member()
    await member.assigned(lane)
    const records = fed.records(await fed.account('a', 2))
    const unknown = replaced(records, 1, {
      headers: { ...records[1]?.headers, ce_type: 'AccountFrozen' },
    })

    await member.deliver(lane, unknown, signal)

    expect(await fed.letters()).toMatchObject([
      { key: 'account-a', version: 2, type: 'AccountFrozen', class: 'contract' },
      { key: 'account-a', version: 3, class: 'waiting' },
    ])
    expect(await fed.state()).toMatchObject({ next: 3, guards: { 'account-a': 3 }, balances: { a: '0' } })
  })

  it('is looked at again after a restart like any other', async () => {
    await using fed = await HandFed.open(url)
    const first = fed.member()
    await first.assigned(lane)
    const records = fed.records(await fed.account('a', 1))
    const broken = [...records, { ...records[0], offset: 2n, headers: {}, value: null } as LogRecord]
    await first.deliver(lane, broken, signal)

    const second = fed.member()
    expect(await second.assigned(lane)).toBe(2n)
    expect(await second.deliver(lane, broken.slice(2), signal)).toBe(3n)
    const other = fed.member()
    await other.assigned(lane)
    await expect(other.deliver(lane, [{ ...records[0], offset: 2n } as LogRecord], signal)).rejects.toThrow(
      'the topic was made anew',
    )
  })
})

function replaced(records: readonly LogRecord[], at: number, by: Partial<LogRecord>): readonly LogRecord[] {
  return records.map((record, index) => (index === at ? { ...record, ...by } : record))
}
