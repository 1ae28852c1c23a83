import { describe, expect, it } from 'vitest'
import { Suspicion } from '../../src/subscriptions/suspicion.js'

/** The sizes of the lots until nothing is suspected any more, each settled as a whole. */
function lotsOf(suspicion: Suspicion): readonly number[] {
  const lots: number[] = []
  while (suspicion.lasts) {
    lots.push(suspicion.lot)
    suspicion.passed(suspicion.lot, suspicion.lot)
  }
  return lots
}

describe('a suspicion', () => {
  it('begins with one record, and trusts twice as many each time, until a thousand are settled', () => {
    const lots = lotsOf(Suspicion.of())

    expect(lots).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 489])
  })

  it('trusts no larger lot, and counts no more, where only some of a lot were settled', () => {
    const suspicion = Suspicion.of()
    suspicion.passed(1, 1)
    suspicion.passed(2, 2)

    suspicion.passed(1, 4)

    expect(suspicion.lot).toBe(4)
    expect([suspicion.lastsAfter(995), suspicion.lastsAfter(996)]).toEqual([true, false])
  })

  it('is over earlier where the transaction that died held fewer records, and is never made longer', () => {
    const suspicion = Suspicion.of()
    suspicion.narrow(4)
    suspicion.narrow(Infinity)

    expect([suspicion.lastsAfter(3), suspicion.lastsAfter(4)]).toEqual([true, false])
    expect(lotsOf(suspicion)).toEqual([1, 2, 1])
  })

  it('is over from the start where nothing is suspected', () => {
    expect(lotsOf(Suspicion.none())).toEqual([])
  })
})
