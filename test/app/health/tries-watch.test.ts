import { describe, expect, it } from 'vitest'
import { TriesWatch } from '../../../src/app/health/tries-watch.js'

type Look = readonly [second: number, next: bigint, attempts: number, triedSince?: number]

/** Looks at times given in seconds; work stalls after ten of them. */
function found(...looks: readonly Look[]): readonly boolean[] {
  const watch = new TriesWatch(10_000)
  return looks.map(([second, next, attempts, triedSince = 0]) => {
    const lane = { next, attempts, triedSince: attempts === 0 ? null : new Date(triedSince) }
    return watch.isTriedAgain('lane', lane, second * 1_000)
  })
}

describe('TriesWatch', () => {
  it('finds a lane tried again from the first count on, through a pause and a try of a minute each', () => {
    expect(found([0, 5n, 0], [1, 5n, 1], [120, 5n, 1], [121, 5n, 2], [250, 5n, 2])).toEqual([
      false,
      true,
      true,
      true,
      true,
    ])
  })

  it('does not when no more tries were counted for so long that nobody tries it', () => {
    expect(found([0, 5n, 3], [129, 5n, 3], [130, 5n, 3], [500, 5n, 3], [501, 5n, 4])).toEqual([
      true,
      true,
      false,
      false,
      true,
    ])
  })

  it('takes a count that was taken back and made again for the same', () => {
    expect(found([0, 5n, 2], [50, 5n, 1], [100, 5n, 2], [129, 5n, 1], [130, 5n, 2])).toEqual([
      true,
      true,
      true,
      true,
      false,
    ])
  })

  it('begins anew with another record, and where tries are counted from the first one again', () => {
    expect(found([0, 5n, 5], [130, 5n, 5], [131, 5n, 1, 7], [200, 5n, 1, 7], [300, 6n, 1, 7])).toEqual([
      true,
      false,
      true,
      true,
      true,
    ])
  })
})
