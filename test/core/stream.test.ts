import { describe, expect, it } from 'vitest'
import { type ExpectedVersion, expectationHolds, streamIdProblem, streamName } from '../../src/core/stream.js'

describe('expectationHolds', () => {
  it.each<[ExpectedVersion, number, boolean]>([
    ['any', 0, true],
    ['any', 7, true],
    ['noStream', 0, true],
    ['noStream', 1, false],
    ['streamExists', 0, false],
    ['streamExists', 1, true],
    [0, 0, true],
    [0, 1, false],
    [3, 3, true],
    [3, 2, false],
    [3, 4, false],
  ])('says of %s at version %i: %s', (expected, actual, holds) => {
    expect(expectationHolds(expected, actual)).toBe(holds)
  })
})

describe('streamName', () => {
  it('joins type and id', () => {
    expect(streamName({ type: 'account', id: '576' })).toBe('account-576')
  })
})

describe('streamIdProblem', () => {
  it.each(['576', 'x'.repeat(512), 'é'.repeat(256), '🏦', "o'hara; drop table"])('takes %s', (id) => {
    expect(streamIdProblem(id)).toBeUndefined()
  })

  it.each(['', 'a\0b', '\ud83c', 'x'.repeat(513), 'é'.repeat(257)])(
    'refuses what cannot be stored or is too long (case %#)',
    (id) => {
      expect(streamIdProblem(id)).toBeTypeOf('string')
    },
  )
})
