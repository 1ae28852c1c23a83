import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { NothingParked, TimedOut } from 'reprise'
import { deadLettersOf } from '../../src/app/dead-letters.js'
import { narrow } from '../support/bank-releases.js'
import { bankWith } from '../support/bank-variants.js'
import { HandFed } from '../support/hand-fed.js'
import { auditIn, lettersIn, lettersOf, parkAlone, parkSequence, planted } from '../support/parked-letters.js'
import { ask, ReadSide, useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
const by = 'ada'

let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

/** Its handler of deposits throws at one amount. */
const failing = bankWith((event) => {
  if (event.amount === 100n) throw new RangeError('planted at 100')
})

describe('a retry', () => {
  it('applies the letters of a key in order, and lets its later events flow', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 3))

    const result = await lettersOf(fed).retry({}, { by })

    expect(result).toEqual({ projection: 'balances', generation: 1, applied: 4, failed: [], left: 0 })
    expect(await fed.state()).toEqual({ next: 0, guards: { 'account-a': 4 }, balances: { a: '111' } })
    expect(await lettersIn(url)).toEqual({ letters: [], keys: [] })
    expect(await auditIn(url)).toEqual([
      {
        actor: 'ada',
        action: 'dlq retry',
        reason: null,
        target: {
          projection: 'balances',
          generation: 1,
          key: 'account-a',
          first: expect.any(String) as string,
          applied: 4,
          left: 0,
        },
      },
    ])
  })

  it('stops at the first letter of a key that fails again; what is before it stays applied', async () => {
    await using fed = await HandFed.open(url, failing)
    await parkSequence(fed, await fed.account('a', 4))
    await parkSequence(fed, await fed.account('b', 1))

    const result = await lettersOf(fed).retry({}, { by })

    expect(result).toMatchObject({ applied: 5, left: 2 })
    expect(result.failed).toMatchObject([
      { key: 'account-a', error: { class: 'handler', name: 'RangeError', message: 'planted at 100' } },
    ])
    expect((await fed.state()).balances).toEqual({ a: '11', b: '1' })
    expect(await lettersIn(url)).toEqual({
      letters: [
        { key: 'account-a', version: 4, class: 'handler', attempts: 1 },
        { key: 'account-a', version: 5, class: 'waiting', attempts: 0 },
      ],
      keys: ['account-a'],
    })
  })

  it('goes on with the rest once the code was corrected', async () => {
    await using fed = await HandFed.open(url, failing)
    await parkSequence(fed, await fed.account('a', 4))
    await lettersOf(fed).retry({ key: 'account-a' }, { by })
    await using corrected = await HandFed.open(url)

    const result = await lettersOf(corrected).retry({ type: 'MoneyDeposited' }, { by })

    expect(result).toMatchObject({ applied: 2, failed: [], left: 0 })
    expect((await fed.state()).balances).toEqual({ a: '1111' })
  })

  it('takes the whole sequence of a letter that was chosen from its middle, and no other', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 2))
    await parkSequence(fed, await fed.account('b', 2), { fingerprint: 'f2' })
    const [, second] = await lettersOf(fed).letters({ key: 'account-a' }, { limit: 10 })

    const result = await lettersOf(fed).retry({ ids: [second?.id ?? 0n] }, { by })

    expect(result).toMatchObject({ applied: 3, left: 0 })
    expect((await fed.state()).balances).toEqual({ a: '11' })
    expect((await lettersIn(url)).keys).toEqual(['account-b'])
  })

  it('takes more letters than it reads at a time', async () => {
    await using fed = await HandFed.open(url)
    const events = (await fed.account('a', 1)).slice(0, 1)
    const [opened] = events
    const many = Array.from(
      { length: 250 },
      (_, index) => ({ ...opened, version: index + 1 }) as typeof opened & {},
    )
    await parkSequence(fed, many)

    expect(await lettersOf(fed).retry({}, { by })).toMatchObject({ applied: 250, left: 0 })
  })

  it('reads the bytes as they came: what cannot be read, nor found by them, fails again, and holds its key', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 1), { class: 'contract' }, (record, index) =>
      index === 0 ? { ...record, headers: {}, value: new TextEncoder().encode('{') } : record,
    )

    const result = await lettersOf(fed).retry({}, { by })

    expect(result).toMatchObject({ applied: 0, left: 2, failed: [{ error: { class: 'contract' } }] })
    expect((await fed.state()).balances).toEqual({})
  })

  it.each(['{', '{"amount":"many"}'])(
    'applies what the store has where a copy of it was damaged on its way: %s',
    async (value) => {
      await using fed = await HandFed.open(url)
      const events = await fed.account('a', 2)
      await parkSequence(fed, events, { class: 'contract' }, (record, index) =>
        index === 1 ? { ...record, value: new TextEncoder().encode(value) } : record,
      )

      expect(await lettersOf(fed).retry({}, { by })).toMatchObject({ applied: 3, left: 0, failed: [] })
      expect((await fed.state()).balances).toEqual({ a: '11' })
    },
  )

  it('takes nothing else for it: the headers of a damaged record must name the event', async () => {
    await using fed = await HandFed.open(url)
    const id = randomUUID()
    await parkSequence(fed, await fed.account('a', 0), { class: 'contract' }, (record) => ({
      ...record,
      headers: { ...record.headers, ce_id: id, id },
      value: new TextEncoder().encode('{'),
    }))

    expect(await lettersOf(fed).retry({}, { by })).toMatchObject({ applied: 0, left: 1 })
    expect((await fed.state()).balances).toEqual({})
  })

  it('applies a record that was parked alone as the store has it, whatever it says', async () => {
    await using fed = await HandFed.open(url)
    const events = await fed.account('a', 1)
    const records = fed.records(events)
    await parkAlone(
      fed,
      records.map((record, index) =>
        index === 1 ? { ...record, value: new TextEncoder().encode('{"amount":"999"}') } : record,
      ),
    )

    expect(await lettersOf(fed).retry({}, { by })).toMatchObject({ applied: 2, left: 0 })
    expect((await fed.state()).balances).toEqual({ a: '1' })
  })

  it('is refused to a build that another definition than its own built the rows of, with nothing changed', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 1))
    await using side = await ReadSide.open(url, narrow)
    const letters = deadLettersOf(side.installation.databases, side.parts('balances'))

    await expect(letters.retry({}, { by })).rejects.toThrow('was built with MoneyWithdrawn')

    expect((await lettersIn(url)).letters).toHaveLength(2)
    expect(await auditIn(url)).toEqual([])
  })

  it('does not apply a record that was parked alone and pretends to be the next event', async () => {
    await using fed = await HandFed.open(url)
    const [opened, deposited] = await fed.account('a', 1)
    if (opened === undefined || deposited === undefined) throw new Error('it has two events')
    const [forged] = fed.records([{ ...deposited, eventId: randomUUID(), payload: '{"amount":"999"}' }])
    if (forged === undefined) throw new Error('it is a record')
    await parkAlone(fed, [forged, { ...forged, headers: {}, value: new Uint8Array([1, 2, 3]) }])

    const result = await lettersOf(fed).retry({}, { by })

    expect(result).toMatchObject({ applied: 0, left: 2 })
    expect(result.failed.map(({ error }) => error.message)).toEqual([
      expect.stringContaining('the store holds no event'),
      expect.stringContaining('cannot be read'),
    ])
    expect(await fed.state()).toEqual({ next: 0, guards: {}, balances: {} })
  })

  it('applies a record that was parked alone once the store has its event, and only once', async () => {
    await using fed = await HandFed.open(url)
    const events = await fed.account('a', 1)
    const records = fed.records(events)
    await parkAlone(fed, [...records, ...records])

    expect(await lettersOf(fed).retry({}, { by })).toMatchObject({ applied: 4, left: 0, failed: [] })

    expect(await fed.state()).toEqual({ next: 0, guards: { 'account-a': 2 }, balances: { a: '1' } })
  })

  it('waits while a swap is about to come, and gives up in time', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 1))
    await fed.parts.generations.hold(1, 10_000, 1_000)

    const kept = lettersOf(fed).retry({}, { by, timeout: 100 })
    await expect(kept).rejects.toThrow(TimedOut)
    expect((await lettersIn(url)).letters).toHaveLength(2)
    await ask(url, 'UPDATE reprise_read.checkpoints SET held_until = NULL')

    expect(await lettersOf(fed).retry({}, { by })).toMatchObject({ applied: 2 })
  })

  it('is refused when another generation went live after its plan', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 1))

    const retry = lettersOf(fed).retry(
      {},
      {
        by,
        onPlan: async () => {
          await ask(url, 'UPDATE reprise_read.projections SET live_generation = 2')
        },
      },
    )

    await expect(retry).rejects.toThrow(NothingParked)
    expect((await lettersIn(url)).letters).toHaveLength(2)
  })

  it('changes nothing before its plan was agreed to', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 1))

    const retry = lettersOf(fed).retry({}, { by, onPlan: () => Promise.reject(new Error('no')) })

    await expect(retry).rejects.toThrow('no')
    expect((await lettersIn(url)).letters).toHaveLength(2)
  })

  it.each([
    ['nothing at all', {}, 'has no letter at all'],
    ['a letter that is not there', { ids: [999n] }, 'has no letter 999'],
    ['a group that is not there', { fingerprint: 'gone' }, 'has no letter with the fingerprint gone'],
  ] as const)('of %s says so', async (_, selection, message) => {
    await using fed = await HandFed.open(url)

    await expect(lettersOf(fed).retry(selection, { by })).rejects.toThrow(message)
  })
})

describe('a discard', () => {
  it('takes letters away for good, by the ids of their events, and leaves the rest for a retry', async () => {
    await using fed = await HandFed.open(url)
    const events = await fed.account('a', 2)
    await parkSequence(fed, events)
    const [first] = await lettersOf(fed).letters({}, { limit: 1 })

    const result = await lettersOf(fed).discard({ ids: [first?.id ?? 0n] }, { by, reason: 'never happened' })

    expect(result).toEqual({ projection: 'balances', generation: 1, discarded: 1, left: 2 })
    expect(await ask(url, 'SELECT event_id, reason, discarded_by AS by FROM reprise_read.discards')).toEqual([
      { event_id: events[0]?.eventId, reason: 'never happened', by: 'ada' },
    ])
    expect(await auditIn(url)).toMatchObject([
      { action: 'dlq discard', reason: 'never happened', actor: 'ada' },
    ])
    expect((await lettersIn(url)).keys).toEqual(['account-a'])
    expect(await lettersOf(fed).groups()).toMatchObject([
      { fingerprint: undefined, failed: 0, waiting: 2, keys: 1 },
    ])

    expect(await lettersOf(fed).retry({}, { by })).toMatchObject({ applied: 2, left: 0 })
    expect((await fed.state()).balances).toEqual({ a: '11' })
  })

  it('of a record parked alone names its place, not the event that it pretends to be', async () => {
    await using fed = await HandFed.open(url)
    const [opened] = await fed.account('a', 0)
    if (opened === undefined) throw new Error('it has an event')
    await parkAlone(fed, fed.records([opened], 7n), opened)

    await lettersOf(fed).discard({ fingerprint: 'hostile' }, { by, reason: 'a forgery' })

    expect(await ask(url, 'SELECT event_id FROM reprise_read.discards')).toEqual([
      { event_id: 'bank.account/0@7' },
    ])
  })

  it('keeps the letter whole, and lets the key flow when it was the last', async () => {
    await using fed = await HandFed.open(url)
    const events = await fed.account('a', 1)
    await parkSequence(fed, events)

    await lettersOf(fed).discard({ key: 'account-a' }, { by, reason: 'closed' })

    expect(await lettersIn(url)).toEqual({ letters: [], keys: [] })
    const kept = await ask<{ value: string }>(
      url,
      `SELECT letter->>'value' AS value FROM reprise_read.discards ORDER BY letter->'id'`,
    )
    expect(kept.map(({ value }) => Buffer.from(value, 'base64').toString())).toEqual(
      events.map(({ payload }) => payload),
    )
  })
})

describe('dead letters', () => {
  it('are counted, and grouped by what failed alike, with what waits behind', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 2))
    await parkSequence(fed, await fed.account('b', 1))
    await parkSequence(fed, await fed.account('c', 0), { fingerprint: 'f2', message: 'other' })
    await parkAlone(fed, fed.records(await fed.account('d', 0)))
    const letters = lettersOf(fed)

    expect(await letters.count()).toEqual({ letters: 7, failed: 4, keys: 3 })
    expect(await letters.groups()).toMatchObject([
      {
        fingerprint: 'f1',
        failed: 2,
        waiting: 3,
        keys: 2,
        firstFailedAt: planted.firstFailedAt,
        example: { stream: 'account-a', version: 1, type: 'AccountOpened', error: { name: 'TypeError' } },
      },
      { fingerprint: 'f2', failed: 1, waiting: 0, keys: 1 },
      { fingerprint: 'hostile', failed: 1, waiting: 0, keys: 0, example: { stream: undefined } },
    ])
    expect(await letters.waitingBehind(['account-a', 'account-c'])).toEqual(new Map([['account-a', 2]]))
  })

  it('of a projection that was never started are none', async () => {
    await using fed = await HandFed.open(url)
    await ask(url, 'DELETE FROM reprise_read.generations')
    await ask(url, 'DELETE FROM reprise_read.projections')

    expect(await lettersOf(fed).count()).toEqual({ letters: 0, failed: 0, keys: 0 })
    expect(await lettersOf(fed).groups()).toEqual([])
  })
})
