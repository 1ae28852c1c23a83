import { beforeEach, describe, expect, it } from 'vitest'
import type { LogRecord } from '../../src/log/index.js'
import { HandFed, lane } from '../support/hand-fed.js'
import { HOSTILE_RECORDS } from '../support/hostile-records.js'
import { ask, useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
const signal = new AbortController().signal

let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

describe('a hostile record', () => {
  it.each(HOSTILE_RECORDS)(
    'with %s is parked alone: its account goes on, and so does everybody',
    async (_, change) => {
      await using fed = await HandFed.open(url)
      const member = fed.member()
      await member.assigned(lane)
      const events = [...(await fed.account('a', 2)), ...(await fed.account('b', 1))]
      const [first, second, third, ...others] = fed.records(events)
      if (first === undefined || second === undefined || third === undefined) throw new Error('no records')
      const hostile: LogRecord = { ...second, ...change(second) }
      const records = [first, hostile, second, third, ...others].map((record, index) => ({
        ...record,
        offset: BigInt(index),
      }))

      expect(await member.deliver(lane, records, signal)).toBe(6n)

      expect(await fed.state()).toEqual({
        next: 6,
        guards: { 'account-a': 3, 'account-b': 2 },
        balances: { a: '11', b: '1' },
      })
      expect(await fed.letters()).toMatchObject([{ offset: 1, key: null }])
      const [letter] = await ask<{ value: Buffer | null }>(
        url,
        'SELECT value FROM reprise_read.parked_events',
      )
      expect(letter?.value?.equals(hostile.value ?? Buffer.alloc(0)) ?? null).toBe(
        hostile.value === null ? null : true,
      )
      expect(fed.stopped).toEqual([])
      expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined()
    },
  )

  it('does not count as a key: no number of them stops the projection', async () => {
    await using fed = await HandFed.open(url)
    const member = fed.member()
    await member.assigned(lane)
    const [record] = fed.records(await fed.account('a', 1))
    const records = Array.from({ length: 60 }, (_, index) => ({
      ...record,
      headers: {},
      offset: BigInt(index),
    })) as LogRecord[]

    await member.deliver(lane, records, signal)

    expect(await fed.letters()).toHaveLength(60)
    expect(fed.stopped).toEqual([])
  })
})
