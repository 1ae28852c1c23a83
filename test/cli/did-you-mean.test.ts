import { describe, expect, it } from 'vitest'
import { didYouMean } from '../../src/cli/did-you-mean.js'

const names = ['balances', 'statements']

describe('didYouMean', () => {
  it.each([
    ['balance', 'balances'],
    ['blances', 'balances'],
    ['statments', 'statements'],
  ])('takes %s for a slip of %s', (given, meant) => {
    expect(didYouMean(given, names)).toEqual([meant])
  })

  it.each(['overdrafts', 'x', ''])('takes %o for another word', (given) => {
    expect(didYouMean(given, names)).toEqual([])
  })

  it('offers nothing where there is nothing', () => {
    expect(didYouMean('balances', [])).toEqual([])
  })
})
