import { once } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { messageOf, PartState } from '../../../src/app/health/part-state.js'
import { Probe } from '../../../src/app/health/probe.js'
import { Gate } from '../../support/gate.js'

/** Keeps the event loop from turning for at least so many milliseconds. */
function holdUp(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

describe('Probe', () => {
  it('answers what was asked, and notes that the part is well', async () => {
    const state = new PartState()
    state.failed(new Error('earlier'))

    expect(await new Probe(() => Promise.resolve(7), state).within(1_000)).toBe(7)
    expect([state.down, state.lastError?.message]).toEqual([false, 'earlier'])
  })

  it('gives up in time, and asks no second question while the first is open', async () => {
    const gate = new Gate()
    const state = new PartState()
    let asked = 0
    const probe = new Probe(() => gate.opened.then(() => ++asked), state, 20)
    let begun = 0
    const counting = new Probe(() => {
      begun++
      return gate.opened
    }, new PartState())

    expect(await probe.within(30)).toBeUndefined()
    expect(state.down).toBe(true)
    expect(state.lastError?.message).toMatch(/^it has given no answer for \d+ ms$/)
    await Promise.all([counting.within(20), counting.within(20), counting.within(20)])
    expect(begun).toBe(1)

    const late = probe.within(10_000)
    gate.open()
    expect(await late).toBe(1)
    expect(state.down).toBe(false)
  })

  it('takes a part for away when it has not answered for long, not when one answer is late', async () => {
    const state = new PartState()
    const never = new Gate()
    const probe = new Probe(() => never.opened.then(() => 1), state, 60)

    expect(await probe.within(20)).toBeUndefined()
    expect([state.down, state.lastError]).toEqual([false, null])
    expect(await probe.within(50)).toBeUndefined()
    expect(state.down).toBe(true)
  })

  it('does not take its own process being held up for a part that is away', async () => {
    const state = new PartState()
    const { port1: part, port2: asked } = new MessageChannel()
    const probe = new Probe(() => once(asked, 'message'), state, 20)

    // From here the next turn of the event loop looks at its timers first.
    await new Promise((resolve) => setImmediate(resolve))
    const answer = probe.within(50)
    part.postMessage('well')
    holdUp(60)

    expect(await answer).toMatchObject(['well'])
    expect(state.down).toBe(false)
    part.close()
  })

  it('never rejects', async () => {
    const state = new PartState()

    const probe = new Probe<[], number>(() => Promise.reject(new Error('refused')), state)

    expect(await probe.within(1_000)).toBeUndefined()
    expect(state.lastError?.message).toBe('refused')
  })
})

describe('PartState', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('is in its state since the first call that found it so', () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const at = (second: number): Date => new Date(Date.UTC(2026, 2, 1, 10, 0, second))
    const state = new PartState()
    vi.setSystemTime(at(1))
    state.failed(new Error('one'))
    vi.setSystemTime(at(2))
    state.failed(new Error('two'))

    expect(state.since).toEqual(at(1))
    expect(state.lastError).toEqual({ message: 'two', at: at(2).toISOString() })
    vi.setSystemTime(at(3))
    state.answered()
    vi.setSystemTime(at(4))
    state.answered()
    expect(state.since).toEqual(at(3))
  })

  it('shows one line of an error, without what opens a server', () => {
    expect(messageOf(new Error('cannot reach postgres://bank:swordfish@db/bank\n  at secret place'))).toBe(
      'cannot reach postgres://bank:***@db/bank',
    )
    expect(messageOf(new AggregateError([new Error('connect ECONNREFUSED')]))).toBe('connect ECONNREFUSED')
  })
})
