import { describe, expect, it } from 'vitest'
import { AggregateNotFound, DefinitionError, InvalidValue } from 'reprise'
import { historyOf, stateAt } from '../../src/aggregates/time-travel.js'
import { modelOf } from '../../src/app/app-model.js'
import { bank } from '../support/bank.js'
import { uniqueName } from '../support/kafka.js'
import { CashPaidIn, PayIn, PayOut, tillsWith } from '../support/tills.js'
import { useMigratedDatabase } from '../support/write-side.js'

const database = useMigratedDatabase()
const app = tillsWith({ snapshots: { every: 1 } })
const [till] = modelOf(app).aggregates
const [account] = modelOf(bank).aggregates
if (till === undefined || account === undefined) throw new Error('both apps have an aggregate')

const day = (date: string) => new Date(`2024-${date}T00:00:00.000Z`)

/** Paid in 5 on January 1st, 7 on the 5th; 3 of the 3rd recorded late; paid out 4 on the 8th. */
const tillWithALateEntry = async () => {
  const side = database.writeSide({ app })
  const tillId = uniqueName('till')
  const entries = [
    [new PayIn({ tillId, amount: 5n }), '01-01'],
    [new PayIn({ tillId, amount: 7n }), '01-05'],
    [new PayIn({ tillId, amount: 3n, note: 'late' }), '01-03'],
    [new PayOut({ tillId, amount: 4n }), '01-08'],
  ] as const
  for (const [command, date] of entries) await side.bus.execute(command, { occurredAt: day(date) })
  await side.bus.idle()
  return { side, tillId }
}

describe('historyOf', () => {
  it('gives the events in version order, as instances with what the store knows of them', async () => {
    const { side, tillId } = await tillWithALateEntry()

    const history = await historyOf(side.store, till, tillId)

    expect(history.map(({ version }) => version)).toEqual([1, 2, 3, 4])
    expect(history[2]?.event).toEqual(new CashPaidIn({ amount: 3n, note: 'late' }))
    expect(history[2]).toMatchObject({
      stream: { type: 'till', id: tillId },
      type: 'CashPaidIn',
      occurredAt: day('01-03'),
    })
  })

  it('gives what comes after a version, which may be nothing', async () => {
    const { side, tillId } = await tillWithALateEntry()
    const after = async (afterVersion: number) =>
      (await historyOf(side.store, till, tillId, { afterVersion })).map(({ version }) => version)

    expect([await after(2), await after(4)]).toEqual([[3, 4], []])
  })

  it.each([
    ['\u0000', 0, 'id must hold neither U+0000'],
    ['', 0, 'id must not be empty'],
    ['1', 0.5, 'afterVersion must be a whole number from 0 on'],
    ['1', -1, 'afterVersion must be a whole number from 0 on'],
  ])('refuses what cannot be an id or a version: %j after %d', async (id, afterVersion, problem) => {
    const { store } = database.writeSide({ app })

    const reading = historyOf(store, till, id, { afterVersion })

    await expect(reading).rejects.toBeInstanceOf(InvalidValue)
    await expect(reading).rejects.toThrow(problem)
  })

  it('is not there for a stream that does not exist', async () => {
    const { store } = database.writeSide({ app })

    await expect(historyOf(store, till, uniqueName('nobody'))).rejects.toBeInstanceOf(AggregateNotFound)
  })
})

describe('stateAt', () => {
  it.each([
    [1, { cash: 5n, movements: 1n }],
    [3, { cash: 15n, movements: 3n, note: 'late' }],
    [4, { cash: 11n, movements: 4n, note: 'late' }],
  ])('gives the state after version %i, whatever snapshots there are', async (version, state) => {
    const { side, tillId } = await tillWithALateEntry()

    expect(await stateAt(side.store, till, tillId, { version })).toMatchObject({ version, state, leftOut: 0 })
  })

  it('gives the present state where nothing is said, with both times of the last event', async () => {
    const { side, tillId } = await tillWithALateEntry()
    const last = (await historyOf(side.store, till, tillId)).at(-1)

    expect(await stateAt(side.store, till, tillId)).toEqual({
      version: 4,
      state: { cash: 11n, movements: 4n, note: 'late' },
      occurredAt: day('01-08'),
      recordedAt: last?.recordedAt,
      leftOut: 0,
    })
  })

  it.each([
    ['01-01', 1, { cash: 5n, movements: 1n }, 0],
    ['01-02', 1, { cash: 5n, movements: 1n }, 0],
    // What was recorded late counts from the day it happened, though an event of a later day stands before it.
    ['01-03', 3, { cash: 8n, movements: 2n, note: 'late' }, 1],
    ['01-04', 3, { cash: 8n, movements: 2n, note: 'late' }, 1],
    ['01-05', 3, { cash: 15n, movements: 3n, note: 'late' }, 0],
    ['01-09', 4, { cash: 11n, movements: 4n, note: 'late' }, 0],
  ])('by occurredAt is, on %s, what had happened by then', async (date, version, state, leftOut) => {
    const { side, tillId } = await tillWithALateEntry()

    const shown = await stateAt(side.store, till, tillId, { at: day(date), by: 'occurredAt' })

    expect(shown).toMatchObject({ version, state, leftOut })
    expect(shown?.state).toEqual(state)
  })

  it('by recordedAt is what the store knew at the instant', async () => {
    const { side, tillId } = await tillWithALateEntry()
    const history = await historyOf(side.store, till, tillId)
    const at = history[2]?.recordedAt ?? new Date(0)
    const known = history.filter(({ recordedAt }) => recordedAt <= at).length

    const shown = await stateAt(side.store, till, tillId, { at, by: 'recordedAt' })

    expect(shown).toMatchObject({ version: known, leftOut: 0 })
    const yesterday = { at: new Date(Date.now() - 86_400_000), by: 'recordedAt' } as const
    expect(await stateAt(side.store, till, tillId, yesterday)).toBeUndefined()
  })

  it('is undefined before the first event: the aggregate did not exist', async () => {
    const { side, tillId } = await tillWithALateEntry()
    const at = new Date(day('01-01').getTime() - 1)

    expect(await stateAt(side.store, till, tillId, { at, by: 'occurredAt' })).toBeUndefined()
  })

  it('refuses a version that the stream does not have, and points that are none', async () => {
    const { side, tillId } = await tillWithALateEntry()
    const at = (point: unknown) => stateAt(side.store, till, tillId, point as never)

    await expect(at({ version: 5 })).rejects.toThrow('version must not be above 4, where the stream is now')
    await expect(at({ version: 0 })).rejects.toThrow('version must be a whole number from 1 on')
    await expect(at({ at: 'yesterday', by: 'hearsay' })).rejects.toMatchObject({
      violations: [{ path: 'at' }, { path: 'by' }],
    })
    await expect(at({ version: 1.5 })).rejects.toBeInstanceOf(InvalidValue)
    await expect(stateAt(side.store, till, 'nobody', { version: 1 })).rejects.toBeInstanceOf(
      AggregateNotFound,
    )
  })

  it('needs a declared state, and says how', async () => {
    const { store } = database.writeSide()

    const asking = stateAt(store, account, '1')

    await expect(asking).rejects.toBeInstanceOf(DefinitionError)
    await expect(asking).rejects.toThrow('aggregate account declares no state to be shown: add state: {')
  })
})
