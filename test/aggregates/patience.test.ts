import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Patience } from '../../src/aggregates/patience.js'
import { Gate } from '../support/gate.js'

const late = (): Error => new Error('late')

describe('Patience', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('settles as the work does, in time', async () => {
    expect(await new Patience(1_000).answer(Promise.resolve(7), late)).toBe(7)
    await expect(new Patience(1_000).answer(Promise.reject(new Error('its own')), late)).rejects.toThrow(
      'its own',
    )
  })

  it('rejects when time is up, and lets the work go on unheard', async () => {
    const gate = new Gate()
    const patience = new Patience(20)
    const answered = expect(
      patience.answer(
        gate.opened.then(() => Promise.reject(new Error('unheard'))),
        late,
      ),
    ).rejects.toThrow('late')

    vi.advanceTimersByTime(19)
    expect(patience.over).toBe(false)
    vi.advanceTimersByTime(1)

    expect(patience.over).toBe(true)
    await answered
    gate.open()
  })

  it('does not count time while it is held', async () => {
    const gate = new Gate()
    const patience = new Patience(40)
    const answered = patience.answer(
      gate.opened.then(() => 7),
      late,
    )
    patience.hold()
    vi.advanceTimersByTime(80)

    expect(patience.over).toBe(false)
    patience.again()
    vi.advanceTimersByTime(39)
    expect(patience.over).toBe(false)
    vi.advanceTimersByTime(1)
    await expect(answered).rejects.toThrow('late')
  })

  it('waits without end for Infinity, unless it is lost', async () => {
    const gate = new Gate()
    const patience = new Patience(Infinity)
    const answered = patience.answer(gate.opened, late)

    patience.lose()

    await expect(answered).rejects.toThrow('late')
  })
})
