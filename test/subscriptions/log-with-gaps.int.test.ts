import { beforeEach, describe, expect, it } from 'vitest'
import { contractRules } from '../../src/app/consuming/contract-rules.js'
import { accounts, turnoverService } from '../support/consumers.js'
import { ContractLanes, type NumberedRecord, numberedRecords } from '../support/contract-lanes.js'
import { HandFed, lane } from '../support/hand-fed.js'
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

/** Which transactions wrote the checkpoints last. */
const writes = () => ask(url, 'SELECT xmin::text FROM reprise_read.checkpoints WHERE partition = 0')

const lastApplied = () =>
  ask(url, 'SELECT last_event_id, last_recorded_at FROM reprise_read.checkpoints WHERE partition = 0')

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

  it('passes them by at its end, too, with nothing to apply, and takes what comes behind once', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member({ gaps: true })
    await member.assigned(lane)
    const [opened, ...rest] = fed.records(await fed.account('a', 2))
    await member.deliver(lane, opened === undefined ? [] : [opened], signal)
    const [before, last] = [await fed.state(), await lastApplied()]

    expect(await member.passed(lane, 1n, 4n, signal)).toBe(4n)

    expect(await fed.state()).toEqual({ ...before, next: 4 })
    expect(await lastApplied()).toEqual(last)
    const [at] = await writes()
    // Looked at again, as each time that the lane begins.
    expect(await member.recheck(lane)).toBe(0n)
    expect(await member.passed(lane, 0n, 4n, signal)).toBe(4n)
    expect(await writes()).toEqual([at])
    expect(member.reached(lane)).toBe(4n)

    const later = rest.map((record, index) => ({ ...record, offset: 4n + BigInt(index) }))
    expect(await member.deliver(lane, later, signal)).toBe(6n)
    expect(await fed.state()).toMatchObject({ next: 6, balances: { a: '11' } })
    expect(fed.stopped).toEqual([])
  })

  it('is not moved behind them by a member that lost it, nor while a swap holds it', async () => {
    await using fed = await HandFed.open(url)
    const [member, next] = [fed.member({ gaps: true }), fed.member({ gaps: true })]
    await member.assigned(lane)
    await next.assigned(lane)

    await expect(member.passed(lane, 0n, 3n, signal)).rejects.toThrow('does not hold lane')
    expect(await fed.state()).toMatchObject({ next: 0 })

    await fed.parts.generations.hold(fed.generation.generation, 60_000, 1_000)
    expect(await next.passed(lane, 0n, 3n, signal)).toBe(0n)
    expect(await fed.state()).toMatchObject({ next: 0 })
    expect(fed.stopped).toEqual([])
  })

  it('halts at its end where records were deleted, and where offsets have no gaps', async () => {
    for (const gaps of [true, false]) {
      await using fed = await HandFed.open(await freshDatabase())
      const member = fed.member({ gaps })
      await member.assigned(lane)
      if (gaps) fed.earliest = 2n
      await expect(member.passed(lane, 2n, 4n, signal)).rejects.toThrow('expected offset 0, found')
      expect(fed.stopped).toHaveLength(1)
    }
  })

  it('of a contract looks for missing versions up to its end, and comes back to what waits', async () => {
    await using lanes = await ContractLanes.open(url, service)
    lanes.ends.set(0, 6n)
    const rules = contractRules(accounts(), { gaps: true })
    const member = lanes.member({ foreignTopics: new Map([[lanes.topic, rules]]) })
    await member.assigned(lanes.lane())
    const records = numberedRecords(lanes.lane(), [version(1), version(3), version(1, 'b')])

    expect(await member.deliver(lanes.lane(), records, signal)).toBe(3n)
    expect(lanes.waits).toEqual([])
    expect(await member.passed(lanes.lane(), 3n, 6n, signal)).toBe(1n)

    expect(lanes.waits.map(({ reason }) => reason)).toEqual([
      'expected version 2 of account-a, found version 3 at offset 1',
    ])
    expect(await lanes.next()).toBe(1n)
    await member.revoked(lanes.lane())
  })

  it('of a contract waits on where there is nothing before the record that it waits at', async () => {
    await using lanes = await ContractLanes.open(url, service)
    lanes.ends.set(0, 5n)
    const rules = contractRules(accounts(), { gaps: true })
    const member = lanes.member({ foreignTopics: new Map([[lanes.topic, rules]]) })
    await member.assigned(lanes.lane())
    const [first, waiting] = numberedRecords(lanes.lane(), [version(1), version(3)])
    if (first === undefined || waiting === undefined) throw new Error('there are two records')
    const [missing] = numberedRecords(lanes.lane(), [version(2)], 5n)
    const later = { ...waiting, offset: 4n }
    expect(await member.deliver(lanes.lane(), [first, later], signal)).toBe(1n)
    const noted = await lanes.waiting()

    expect(await member.passed(lanes.lane(), 1n, 4n, signal)).toBe(4n)

    expect(lanes.logger.at('info')).toEqual([])
    expect(noted).toHaveLength(1)
    expect(await lanes.waiting()).toEqual(noted)
    lanes.ends.set(0, 6n)
    expect(await member.deliver(lanes.lane(), [later], signal)).toBe(5n)
    expect(await member.deliver(lanes.lane(), missing === undefined ? [] : [missing], signal)).toBe(1n)
    expect(await member.passed(lanes.lane(), 1n, 4n, signal)).toBe(4n)
    expect(await member.deliver(lanes.lane(), [later], signal)).toBe(5n)
    expect(await lanes.waiting()).toEqual([])
    expect(lanes.logger.at('info').map(({ message }) => message)).toEqual([
      'the missing versions have come: the lane goes on',
    ])
    expect(await turnover()).toEqual({ a: '1110' })
  })

  it('of a contract goes on without a word of missing versions where the record that waits is gone', async () => {
    await using lanes = await ContractLanes.open(url, service)
    lanes.ends.set(0, 2n)
    const rules = contractRules(accounts(), { gaps: true })
    const member = lanes.member({
      foreignTopics: new Map([[lanes.topic, rules]]),
      alarmPauses: { first: 10, longest: 40 },
    })
    await member.assigned(lanes.lane())
    const records = numberedRecords(lanes.lane(), [version(1), version(3)])
    expect(await member.deliver(lanes.lane(), records, signal)).toBe(1n)

    expect(await member.passed(lanes.lane(), 1n, 2n, signal)).toBe(2n)

    const told = lanes.logger.at('error').length
    expect(await lanes.next()).toBe(2n)
    expect(await lanes.waiting()).toEqual([])
    // A lane that waits after this one would have let its alarm ring in between.
    await member.assigned(lanes.lane(1))
    lanes.ends.set(1, 1n)
    await member.deliver(lanes.lane(1), numberedRecords(lanes.lane(1), [version(2, 'b')]), signal)
    await waitFor(() => lanes.logger.at('error').length >= told + 3, { what: 'alarms of another lane' })
    for (const { facts } of lanes.logger.at('error').slice(told))
      expect(facts).toMatchObject({ stream: 'account-b' })
    expect(lanes.logger.at('info')).toEqual([])
    await member.revoked(lanes.lane(1))
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
