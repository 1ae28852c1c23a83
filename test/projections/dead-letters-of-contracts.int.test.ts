import { beforeEach, describe, expect, it } from 'vitest'
import { deadLettersOf } from '../../src/app/dead-letters.js'
import type { Letter } from '../../src/subscriptions/index.js'
import { ordersService, turnoverService } from '../support/consumers.js'
import { ContractLanes, foreignRecords, numberedRecords } from '../support/contract-lanes.js'
import { lettersIn, planted } from '../support/parked-letters.js'
import { ask, useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
const schemas = { store: 'reprise_store', read: 'reprise_read' }

let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

function park(lanes: ContractLanes, letters: readonly Letter[]): Promise<void> {
  const subscriber = lanes.parts.subscriberFor(lanes.generation)
  return lanes.parts.checkpoints.backfill(subscriber, ({ parking }) => parking.park(letters))
}

const lettersOf = (lanes: ContractLanes) => deadLettersOf({ readDb: lanes.db, schemas }, lanes.parts)

describe('the dead letters of a service that only consumes', () => {
  it('are retried by the rules of their contract', async () => {
    await using lanes = await ContractLanes.open(url, turnoverService().service)
    const records = numberedRecords(lanes.lane(), [
      {
        id: 'a',
        version: 1,
        type: 'AccountOpened',
        payload: { owner: 'Ada', openedAt: '2026-03-01T10:00:00.000Z' },
      },
      { id: 'a', version: 2, payload: { amount: '7' } },
    ])
    await park(
      lanes,
      records.map((record) => ({ record, event: undefined, sequenceKey: 'account-a', failure: planted })),
    )

    expect(await lettersOf(lanes).retry({}, { by: 'ada' })).toMatchObject({ applied: 2, failed: [], left: 0 })

    expect(await ask(url, 'SELECT account_id, turnover::int, events FROM fraud.turnover')).toEqual([
      { account_id: 'a', turnover: 7, events: 2 },
    ])
    expect(await lettersIn(url)).toEqual({ letters: [], keys: [] })
  })

  it('that were parked alone are applied under the guard of their topic, once', async () => {
    await using lanes = await ContractLanes.open(url, ordersService({ eventIds: 3_600_000 }).service)
    const records = foreignRecords(lanes.lane(), [
      { id: '1', data: { pieces: 2 } },
      { id: '1', data: { pieces: 2 } },
      { id: '2', type: 'Unheard' },
    ])
    await park(
      lanes,
      records.map((record) => ({ record, event: undefined, sequenceKey: undefined, failure: planted })),
    )

    expect(await lettersOf(lanes).retry({}, { by: 'ada' })).toMatchObject({ applied: 2, left: 1 })

    expect(await ask(url, 'SELECT article, pieces FROM stock.sold')).toEqual([{ article: 'a', pieces: 2 }])
  })

  it('that hold back a stream, though nobody knew their event, are applied under the guard of their topic, once', async () => {
    await using lanes = await ContractLanes.open(url, ordersService({ eventIds: 3_600_000 }).service)
    const records = foreignRecords(lanes.lane(), [
      { id: '1', data: { pieces: 2 } },
      { id: '1', data: { pieces: 2 } },
    ])
    await park(
      lanes,
      records.map((record) => ({ record, event: undefined, sequenceKey: 'order-a', failure: planted })),
    )

    expect(await lettersOf(lanes).retry({}, { by: 'ada' })).toMatchObject({ applied: 2, left: 0 })
    const member = lanes.member()
    await member.assigned(lanes.lane())
    await member.deliver(lanes.lane(), records.slice(0, 1), new AbortController().signal)

    expect(await ask(url, 'SELECT article, pieces FROM stock.sold')).toEqual([{ article: 'a', pieces: 2 }])
  })
})
