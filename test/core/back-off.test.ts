import { describe, expect, it } from 'vitest'
import { BackOff } from '../../src/core/back-off.js'

describe('BackOff', () => {
  it('doubles the pause after each try, up to the longest one', () => {
    const backOff = new BackOff(100, 700)

    expect(Array.from({ length: 5 }, () => backOff.next())).toEqual([100, 200, 400, 700, 700])
  })

  it('begins with the first pause again after a success', () => {
    const backOff = new BackOff(100, 700)
    backOff.next()
    backOff.next()

    backOff.reset()

    expect(backOff.next()).toBe(100)
  })
})
