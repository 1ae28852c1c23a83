import { describe, expect, it } from 'vitest'
import { tellingStore } from '../../src/app/telling-store.js'
import type { EventStore } from '../../src/core/ports/event-store.js'
import { RecordingLogger } from '../support/recording-logger.js'

class Away extends Error {}

/** What becomes of a call that was made. */
interface Call {
  readonly answer: () => void
  readonly fail: (error: Error) => void
}

/** A store whose loads end as the test says, in any order; nothing else is asked of it. */
function heldStore(): { readonly store: EventStore; readonly calls: readonly Call[] } {
  const calls: Call[] = []
  const unasked = () => Promise.reject(new Error('this is not asked here'))
  const load: EventStore['load'] = () =>
    new Promise((resolve, reject) => calls.push({ answer: () => resolve([]), fail: reject }))
  return {
    store: { load, append: unasked, appendWithin: unasked, requireWithin: unasked, headsAndResult: unasked },
    calls,
  }
}

describe('tellingStore', () => {
  const telling = () => {
    const { store, calls } = heldStore()
    const logger = new RecordingLogger()
    const isAway = (error: unknown) => error instanceof Away
    const told = tellingStore(store, { logger, address: 'db:5432/bank', isAway })
    const begin = () => told.load({ type: 'account', id: '1' }).catch((error: unknown) => error)
    const lines = () => logger.lines.map(({ level, message }) => `${level} ${message.split(';')[0] ?? ''}`)
    return { begin, calls, lines }
  }
  const FAILS = 'the store does not answer commands'
  const OVER = 'info the store answers commands again'

  it('is not over for a call that was under way when another failed, but for one that was begun later', async () => {
    const { begin, calls, lines } = telling()
    const [slow, failing] = [begin(), begin()]

    calls[1]?.fail(new Away('gone'))
    await failing
    calls[0]?.answer()
    await slow
    expect(lines()).toEqual([`warn ${FAILS}`])

    const later = begin()
    calls[2]?.answer()
    await later
    expect(lines()).toEqual([`warn ${FAILS}`, OVER])
  })

  it('tells nothing of a failure that is not of the server', async () => {
    const { begin, calls, lines } = telling()
    const failing = begin()

    calls[0]?.fail(new Error('a mistake'))

    expect(await failing).toMatchObject({ message: 'a mistake' })
    expect(lines()).toEqual([])
  })
})
