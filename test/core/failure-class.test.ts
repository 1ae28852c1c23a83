import { describe, expect, it } from 'vitest'
import { FAILURES, classOfSqlState, mayBeOwn } from '../../src/core/failure-class.js'

const coded = (code: string, cause?: unknown): Error =>
  Object.assign(new Error('planted', { cause }), { code })

describe('a failure that passes by itself', () => {
  it.each(['57014', '25P03', '25P04', '53200', '53400'])(
    'can be of the work’s own making, too, with %s',
    (state) => {
      expect(classOfSqlState(state)).toBe('transient')
      expect(mayBeOwn(coded(state))).toBe(true)
      expect(mayBeOwn(new Error('in my own words', { cause: coded(state) }))).toBe(true)
    },
  )

  it.each(['40001', '40P01', '55P03', '57P01', '53100', '53300', '58000', '58030'])(
    'cannot with %s',
    (state) => {
      expect(classOfSqlState(state)).toBe('transient')
      expect(mayBeOwn(coded(state))).toBe(false)
    },
  )

  it('is looked for in its causes, also where these go round', () => {
    const round = coded('ECONNRESET')
    round.cause = new Error('again', { cause: round })

    expect(mayBeOwn(round)).toBe(false)
    expect(mayBeOwn('57014')).toBe(false)
  })

  it('is the only kind that may be marked so', () => {
    expect(FAILURES.filter((it) => it.mayBeOwn === true && it.class !== 'transient')).toEqual([])
  })
})
