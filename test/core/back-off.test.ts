import { describe, expect, it } from 'vitest'
import { BackOff } from '../../src/core/back-off.js'

describe('BackOff', () => {
  it('doubles the pause after each try, up to the longest one', () => {
    const backOff = new BackOff(100, 700, () => 1)

    expect(Array.from({ length: 5 }, () => backOff.next())).toEqual([100, 200, 400, 700, 700])
  })

  it('begins with the first pause again after a success', () => {
    const backOff = new BackOff(100, 700, () => 1)
    backOff.next()
    backOff.next()

    backOff.reset()

    expect(backOff.next()).toBe(100)
  })

  it('shortens each pause by chance, at most by half, and doubles the next one all the same', () => {
    const chances = [0, 0.5, 1, 0.999]
    const backOff = new BackOff(100, 700, () => chances.shift() ?? 0)

    expect([backOff.next(), backOff.next(), backOff.next(), Math.round(backOff.next())]).toEqual([
      50, 150, 400, 700,
    ])
  })

  it('leaves the pauses to chance unless it is told otherwise', () => {
    const pauses = Array.from({ length: 50 }, () => new BackOff(100, 700).next())

    expect(new Set(pauses).size).toBeGreaterThan(1)
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(50)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(100)
  })
})
