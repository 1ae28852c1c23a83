import { describe, expect, it } from 'vitest'
import { StateClock } from '../../../src/app/health/state-clock.js'

const start = Date.now()
/** Seconds after the clock was made. */
const at = (seconds: number): Date => new Date(start + 1_000 * (1 + seconds))

describe('StateClock', () => {
  it('takes for well since the start what the first look finds well', () => {
    const clock = new StateClock()

    const since = new Date(clock.since('outbox', 'ok', at(3_600)))

    expect(since.getTime()).toBeLessThan(at(0).getTime())
    expect(clock.since('outbox', 'ok', at(3_601))).toBe(since.toISOString())
  })

  it('begins with the look that found it, where nothing tells more', () => {
    const clock = new StateClock()
    clock.since('outbox', 'ok', at(1))

    expect(clock.since('outbox', 'behind', at(5))).toBe(at(5).toISOString())
    expect(clock.since('outbox', 'behind', at(9))).toBe(at(5).toISOString())
    expect(clock.since('outbox', 'ok', at(12))).toBe(at(12).toISOString())
  })

  it('begins when calls found it so while nobody looked', () => {
    const clock = new StateClock()
    clock.since('outbox', 'ok', at(1))

    expect(clock.since('outbox', 'down', at(9), at(5))).toBe(at(5).toISOString())
    expect(clock.since('outbox', 'ok', at(20), at(15))).toBe(at(15).toISOString())
  })

  it('begins anew where it was interrupted between two looks', () => {
    const clock = new StateClock()
    clock.since('outbox', 'down', at(2), at(1))

    expect(clock.since('outbox', 'down', at(9), at(7))).toBe(at(7).toISOString())
  })

  it('does not believe calls that went well against a look that found it otherwise since', () => {
    const clock = new StateClock()
    clock.since('balances', 'stalled', at(8), at(4))

    expect(clock.since('balances', 'ok', at(10), at(2))).toBe(at(10).toISOString())
  })
})
