import { describe, expect, it } from 'vitest'
import { ProgressWatch } from '../../../src/app/health/progress-watch.js'

/** Looks at times given in seconds; work stalls after ten of them. */
function paces(
  ...looks: readonly (readonly [second: number, next: bigint, end: bigint])[]
): readonly string[] {
  const watch = new ProgressWatch(10_000)
  return looks.map(([second, next, end]) => watch.look('lane', next, end, second * 1_000))
}

describe('ProgressWatch', () => {
  it('says stalled only of work that is there and does not get on', () => {
    expect(paces([0, 5n, 9n], [9, 5n, 9n], [10, 5n, 9n], [11, 9n, 9n])).toEqual(['ok', 'ok', 'stalled', 'ok'])
  })

  it('takes nothing to do for no reason to move, however long that lasts', () => {
    expect(paces([0, 5n, 5n], [60, 5n, 5n], [61, 5n, 6n], [70, 5n, 6n], [71, 5n, 6n])).toEqual([
      'ok',
      'ok',
      'ok',
      'ok',
      'stalled',
    ])
  })

  it('says behind of work that gets on, and takes too long to reach where its end once was', () => {
    expect(paces([0, 0n, 100n], [9, 40n, 200n], [12, 60n, 250n], [14, 100n, 300n])).toEqual([
      'ok',
      'ok',
      'behind',
      'ok',
    ])
  })

  it('does not mind an end that is always a little ahead', () => {
    const looks = Array.from({ length: 60 }, (_, n) => [n, BigInt(n * 10), BigInt(n * 10 + 7)] as const)

    expect(new Set(paces(...looks))).toEqual(new Set(['ok']))
  })

  it('judges each piece of work by itself', () => {
    const watch = new ProgressWatch(10_000)
    watch.look('one', 0n, 1n, 0)
    watch.look('other', 0n, 1n, 5_000)

    expect(watch.look('one', 0n, 1n, 10_000)).toBe('stalled')
    expect(watch.look('other', 0n, 1n, 10_000)).toBe('ok')
  })
})
