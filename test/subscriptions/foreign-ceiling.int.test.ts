import { describe, expect, it } from 'vitest'
import { ParkingCeilingReached, readCloudEvent } from 'reprise'
import { ordersService } from '../support/consumers.js'
import { ContractLanes, foreignRecords } from '../support/contract-lanes.js'
import { lettersIn } from '../support/hand-fed.js'
import { useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
const signal = new AbortController().signal

describe('records of a producer that is no app of ours', () => {
  it('stop the projection when more than 20 cannot be read, also where nothing says what they are, or after a start', async () => {
    const { service } = ordersService({ eventIds: 3_600_000 }, { read: (record) => readCloudEvent(record) })
    const url = await freshDatabase()
    await using lanes = await ContractLanes.open(url, service)
    const records = foreignRecords(
      lanes.lane(),
      Array.from({ length: 24 }, (_, index) => ({ id: index.toString() })),
    ).map((record) => ({ ...record, key: '', headers: {}, value: Buffer.from('{"garb') }))
    for (let start = 0; start < 2; start++) {
      const member = lanes.member()
      const next = await member.assigned(lanes.lane())
      await member.deliver(lanes.lane(), records.slice(Number(next)), signal).catch(() => undefined)
      await member.revoked(lanes.lane())
    }

    expect(await lanes.next()).toBe(20n)
    expect(await lettersIn(url, 'sold')).toHaveLength(20)
    expect(lanes.stopped.map(({ cause }) => cause)).toEqual([
      expect.any(ParkingCeilingReached),
      expect.any(ParkingCeilingReached),
    ])
  })
})
