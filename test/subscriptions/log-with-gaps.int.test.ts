import { beforeEach, describe, expect, it } from 'vitest'
import { contractRules } from '../../src/app/consuming/contract-rules.js'
import { accounts, turnoverService } from '../support/consumers.js'
import { ContractLanes, type NumberedRecord, numberedRecords } from '../support/contract-lanes.js'
import { HandFed, lane } from '../support/hand-fed.js'
import { ask, useFreshDatabases } from '../support/read-side.js'

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

describe('a lane of a log where offsets may hold no record', () => {
  it('passes them by, at the beginning of what is delivered and within it, and keeps its place behind them', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member({ gaps: true })
    await member.assigned(lane)
    const records = fed.records(await fed.account('a', 5))
    const found = records.filter(({ offset }) => ![0n, 2n, 4n].includes(offset))
    const ended = found.map((record) => (record.offset === 5n ? { ...record, next: 8n } : record))

    expect(await member.deliver(lane, ended, signal)).toBe(8n)

    // What none of the delivered records held is in the store.
    expect(await fed.state()).toMatchObject({ next: 8, balances: { a: '11111' } })
    expect(fed.stopped).toEqual([])
    expect(await fed.member({ gaps: true }).assigned(lane)).toBe(7n)
  })

  it('halts where records were deleted, and at one that comes before its place', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member({ gaps: true })
    const other = fed.member({ gaps: true })
    await member.assigned(lane)
    const records = fed.records(await fed.account('a', 4))
    await member.deliver(lane, records.slice(0, 2), signal)
    const last = fed.member({ gaps: true })
    await last.assigned(lane)
    await last.deliver(lane, records.slice(1, 3), signal)

    await expect(last.deliver(lane, records.slice(1), signal)).rejects.toThrow(
      'expected offset 3, found the next record at offset 1: the topic was made anew, or lost records',
    )
    await other.assigned(lane)
    fed.earliest = 4n
    await expect(other.deliver(lane, records.slice(4), signal)).rejects.toThrow(
      'expected offset 3, found the next record at offset 4: records were deleted before they were applied',
    )
    expect(await fed.state()).toMatchObject({ next: 3, balances: { a: '11' } })
  })

  it('of a contract skips nothing while it waits for missing versions', async () => {
    await using lanes = await ContractLanes.open(url, service)
    lanes.ends.set(0, 6n)
    const rules = contractRules(accounts(), { gaps: true })
    const member = lanes.member({ foreignTopics: new Map([[lanes.topic, rules]]) })
    await member.assigned(lanes.lane())
    const numbers = [version(1), version(3), version(7), version(1, 'b'), version(7), version(2)]
    const records = numberedRecords(lanes.lane(), numbers).filter(({ offset }) => ![2n, 4n].includes(offset))

    let next = 0n
    const goOn: bigint[] = []
    while (next < 6n) {
      const from = next
      next = await member.deliver(
        lanes.lane(),
        records.filter(({ offset }) => offset >= from).slice(0, 2),
        signal,
      )
      goOn.push(next)
    }

    // Waits at 1, finds at 5 what is missing, though nothing is at 2, and goes back to 1.
    expect(goOn).toEqual([2n, 1n, 4n, 6n])
    expect(await turnover()).toEqual({ a: '1110', b: '10' })
    expect(lanes.stopped).toEqual([])
  })
})
