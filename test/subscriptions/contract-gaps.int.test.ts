import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { turnoverService } from '../support/consumers.js'
import { ContractLanes, type NumberedRecord, numberedRecords } from '../support/contract-lanes.js'
import { lettersIn } from '../support/hand-fed.js'
import { ask, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
const signal = new AbortController().signal
const { service } = turnoverService()

let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

const version = (number: number, id = 'a'): NumberedRecord => ({ id, version: number })

async function turnover(): Promise<Record<string, string>> {
  const rows = await ask<{ id: string; turnover: string }>(
    url,
    'SELECT account_id AS id, turnover::text FROM fraud.turnover ORDER BY 1',
  )
  return Object.fromEntries(rows.map((row) => [row.id, row.turnover]))
}

describe('a lane of a contract whose events are numbered', () => {
  it('applies each version once and in order, whatever is delivered again', async () => {
    await using lanes = await ContractLanes.open(url, service)
    const member = lanes.member()
    await member.assigned(lanes.lane())
    const records = numberedRecords(
      lanes.lane(),
      [1, 2, 1, 2, 3].map((it) => version(it)),
    )

    expect(await member.deliver(lanes.lane(), records, signal)).toBe(5n)

    expect(await turnover()).toEqual({ a: '1110' })
  })

  it('waits at a version whose predecessor is missing, alarms with all that is known, and lets other lanes go on', async () => {
    await using lanes = await ContractLanes.open(url, service)
    lanes.ends.set(0, 3n)
    const member = lanes.member()
    await member.assigned(lanes.lane())
    await member.assigned(lanes.lane(1))
    const records = numberedRecords(lanes.lane(), [version(1), version(3), version(1, 'b')])

    expect(await member.deliver(lanes.lane(), records, signal)).toBe(1n)
    expect(await member.deliver(lanes.lane(), records.slice(1), signal)).toBe(1n)
    await member.deliver(lanes.lane(1), numberedRecords(lanes.lane(1), [version(1, 'c')]), signal)

    expect(await turnover()).toEqual({ a: '10', c: '10' })
    expect(lanes.stopped).toEqual([])
    const reason = 'expected version 2 of account-a, found version 3 at offset 1'
    expect(await lanes.waiting()).toEqual([{ ...lanes.lane(), reason, since: expect.any(Date) as Date }])
    expect(lanes.logger.at('error')).toEqual([
      {
        level: 'error',
        message: expect.stringContaining('Have the producer publish them again') as string,
        facts: {
          subscriber: 'turnover',
          generation: 1,
          topic: 'bank.account',
          partition: 0,
          offset: '1',
          stream: 'account-a',
          expected: 2,
          found: 3,
          since: expect.any(Date) as Date,
        },
      },
    ])
    await member.revoked(lanes.lane())
  })

  it('alarms again for as long as it waits, and no longer', async () => {
    await using lanes = await ContractLanes.open(url, service)
    lanes.ends.set(0, 1n)
    const member = lanes.member({ alarmPauses: { first: 10, longest: 40 } })
    await member.assigned(lanes.lane())

    await member.deliver(lanes.lane(), numberedRecords(lanes.lane(), [version(2)]), signal)
    await waitFor(() => lanes.logger.at('error').length >= 4, { what: 'alarms' })
    await member.revoked(lanes.lane())

    const told = lanes.logger.at('error').length
    // A lane that is taken after this one has alarmed would have let the old alarm ring in between.
    await member.assigned(lanes.lane(1))
    await member.deliver(lanes.lane(1), numberedRecords(lanes.lane(1), [version(2, 'b')]), signal)
    await waitFor(() => lanes.logger.at('error').length >= told + 3, { what: 'alarms of another lane' })
    const later = lanes.logger.at('error').slice(told)
    expect(later.every(({ facts }) => 'stream' in facts && facts.stream === 'account-b')).toBe(true)
    await member.revoked(lanes.lane(1))
  })

  it('goes on when the missing versions are published again, wherever they lie in the lane', async () => {
    await using lanes = await ContractLanes.open(url, service)
    lanes.ends.set(0, 7n)
    const member = lanes.member()
    await member.assigned(lanes.lane())
    const records = numberedRecords(
      lanes.lane(),
      [1, 4, 5, 1, 3, 2, 6].map((it) => version(it)),
    )
    await member.deliver(lanes.lane(), records.slice(0, 3), signal)

    const goOn: bigint[] = []
    let next = 1n
    while (next < 7n) {
      const batch = records.slice(Number(next), Number(next) + 2)
      next = await member.deliver(lanes.lane(), batch, signal)
      goOn.push(next)
    }

    // Looks on in the lane from 1 to the last of the missing, goes back, and applies all in order.
    expect(goOn).toEqual([3n, 5n, 1n, 3n, 5n, 7n])
    expect(await turnover()).toEqual({ a: '1111110' })
    expect(await lanes.next()).toBe(7n)
    expect(await lanes.waiting()).toEqual([])
    expect(lanes.logger.at('info').map(({ message }) => message)).toEqual([
      'the missing versions have come: the lane goes on',
    ])
  })

  it('is not blamed for the ends of the processes that it was waited in, however many they were', async () => {
    await using lanes = await ContractLanes.open(url, service)
    lanes.ends.set(0, 1n)
    const subscriber = { name: lanes.parts.model.name, generation: lanes.generation.generation }
    const records = numberedRecords(lanes.lane(), [version(2)])
    // As a process left it that died while it tried.
    await lanes.parts.checkpoints.countAttempt(subscriber, lanes.lane(), 0n)
    for (let start = 0; start < 8; start++) {
      const member = lanes.member()
      await member.assigned(lanes.lane())
      expect(await member.deliver(lanes.lane(), records, signal)).toBe(0n)
      await member.revoked(lanes.lane())
    }

    const member = lanes.member()
    await member.assigned(lanes.lane())
    await member.assigned(lanes.lane(1))
    await member.deliver(lanes.lane(1), numberedRecords(lanes.lane(1), [version(1)]), signal)

    expect(await member.deliver(lanes.lane(), records, signal)).toBe(1n)
    expect(await turnover()).toEqual({ a: '110' })
    expect(await lettersIn(url, 'turnover')).toEqual([])
  })

  it('goes on when another lane has applied what it waits for', async () => {
    await using lanes = await ContractLanes.open(url, service)
    lanes.ends.set(0, 1n)
    const member = lanes.member()
    await member.assigned(lanes.lane())
    await member.assigned(lanes.lane(1))
    const waiting = numberedRecords(lanes.lane(), [version(2)])
    expect(await member.deliver(lanes.lane(), waiting, signal)).toBe(0n)

    await member.deliver(lanes.lane(1), numberedRecords(lanes.lane(1), [version(1)]), signal)

    expect(await member.deliver(lanes.lane(), waiting, signal)).toBe(1n)
    expect(await turnover()).toEqual({ a: '110' })
  })

  it('takes no missing version from another store', async () => {
    await using lanes = await ContractLanes.open(url, service)
    lanes.ends.set(0, 3n)
    const member = lanes.member()
    await member.assigned(lanes.lane())
    const records = numberedRecords(lanes.lane(), [
      version(1),
      version(3),
      { ...version(2), storeId: randomUUID() },
    ])

    expect(await member.deliver(lanes.lane(), records, signal)).toBe(1n)

    expect(await turnover()).toEqual({ a: '10' })
    expect(lanes.waits).toHaveLength(1)
    await member.revoked(lanes.lane())
  })

  it('says since when it waits, also after another process has taken it', async () => {
    await using lanes = await ContractLanes.open(url, service)
    lanes.ends.set(0, 1n)
    const records = numberedRecords(lanes.lane(), [version(2)])
    const first = lanes.member()
    await first.assigned(lanes.lane())
    await first.deliver(lanes.lane(), records, signal)
    const [before] = await lanes.waiting()
    await first.revoked(lanes.lane())

    const second = lanes.member()
    await second.assigned(lanes.lane())
    await second.deliver(lanes.lane(), records, signal)

    expect(await lanes.waiting()).toEqual([before])
    await second.revoked(lanes.lane())
  })
})

describe('a topic of a contract whose events are numbered', () => {
  it('is of one store: a record of another one halts it, in whichever partition, and names both', async () => {
    await using lanes = await ContractLanes.open(url, service)
    const [first, other] = [randomUUID(), randomUUID()]
    const before = lanes.member()
    await before.assigned(lanes.lane())
    const own = numberedRecords(lanes.lane(), [{ ...version(1), storeId: first }])
    await before.deliver(lanes.lane(), own, signal)

    const after = lanes.member()
    await after.assigned(lanes.lane(1))
    const strange = numberedRecords(lanes.lane(1), [
      { ...version(1, 'b'), storeId: first },
      { ...version(2, 'b'), storeId: other },
    ])
    await expect(after.deliver(lanes.lane(1), strange, signal)).rejects.toThrow(
      `the record at bank.account/1@1 was written by the store ${other}, those applied before by the store ${first}`,
    )

    expect(await turnover()).toEqual({ a: '10', b: '10' })
    expect(lanes.stopped).toHaveLength(1)
  })

  it('is of the same store as the topic that the contract was about before', async () => {
    const [first, other] = [randomUUID(), randomUUID()]
    {
      await using lanes = await ContractLanes.open(url, service)
      const member = lanes.member()
      await member.assigned(lanes.lane())
      await member.deliver(
        lanes.lane(),
        numberedRecords(lanes.lane(), [{ ...version(1), storeId: first }]),
        signal,
      )
    }
    await using moved = await ContractLanes.open(url, turnoverService('bank2.account').service)
    const member = moved.member()
    await member.assigned(moved.lane())
    const again = { ...version(1), storeId: first }
    const strange = { ...version(2), storeId: other }
    const records = numberedRecords(moved.lane(), [again, strange])

    await expect(member.deliver(moved.lane(), records, signal)).rejects.toThrow(
      `the record at bank2.account/0@1 was written by the store ${other}, those applied before by the store ${first}`,
    )
  })

  it('takes nothing for applied already that another store wrote into the topic which the contract is about now', async () => {
    const [first, other] = [randomUUID(), randomUUID()]
    {
      await using lanes = await ContractLanes.open(url, service)
      const member = lanes.member()
      await member.assigned(lanes.lane())
      const records = [1, 2].map((it) => ({ ...version(it), storeId: first }))
      await member.deliver(lanes.lane(), numberedRecords(lanes.lane(), records), signal)
    }
    await using moved = await ContractLanes.open(url, turnoverService('bank2.account').service)
    const member = moved.member()
    await member.assigned(moved.lane())

    const strange = numberedRecords(moved.lane(), [{ ...version(1), storeId: other }])
    await expect(member.deliver(moved.lane(), strange, signal)).rejects.toThrow(
      `was written by the store ${other}, those applied before by the store ${first}`,
    )
    expect(await turnover()).toEqual({ a: '110' })
  })

  it.each([
    [{ ...version(1), type: 'AccountFrozen' }, 'the contract account has no event "AccountFrozen"'],
    [{ ...version(1), streamType: 'customer' }, 'it is about "customer", and the contract about account'],
    [{ ...version(1), payload: { amount: 'much' } }, 'amount must be a bigint'],
  ])(
    'parks a record that is not what the contract says, with the later ones of its key: %j',
    async (record, reason) => {
      await using lanes = await ContractLanes.open(url, service)
      const member = lanes.member()
      await member.assigned(lanes.lane())

      const key = `${record.streamType ?? 'account'}-a`
      const records = [record, version(1, 'b'), { ...record, version: 2 }]

      expect(await member.deliver(lanes.lane(), numberedRecords(lanes.lane(), records), signal)).toBe(3n)

      expect(await lettersIn(url, 'turnover')).toMatchObject([
        { offset: 0, key, class: 'contract', message: expect.stringContaining(reason) as string },
        { offset: 2, key },
      ])
      expect(await turnover()).toEqual({ b: '10' })
    },
  )

  it('parks bytes that are no event behind which the later versions of its stream wait', async () => {
    await using lanes = await ContractLanes.open(url, service)
    const member = lanes.member()
    await member.assigned(lanes.lane())
    const records = numberedRecords(lanes.lane(), [version(1), version(2), version(3), version(1, 'b')])
    const broken = records.map((it) => (it.offset === 1n ? { ...it, value: new Uint8Array(3) } : it))

    expect(await member.deliver(lanes.lane(), broken, signal)).toBe(4n)

    expect(await lettersIn(url, 'turnover')).toMatchObject([
      { offset: 1, key: 'account-a', version: 2, class: 'contract' },
      { offset: 2, key: 'account-a', version: 3, class: 'waiting' },
    ])
    expect(await turnover()).toEqual({ a: '10', b: '10' })
    expect(lanes.waits).toEqual([])
  })

  it('that lost records says that only its producer can help', async () => {
    await using lanes = await ContractLanes.open(url, service)
    lanes.earliest = 4n

    await expect(lanes.member().assigned(lanes.lane())).rejects.toThrow(
      'rebuild the projection if the topic begins at its first record; else its producer has to make it anew before that',
    )
  })
})
