import { beforeEach, describe, expect, it } from 'vitest'
import { bankWith } from '../support/bank-variants.js'
import { HandFed } from '../support/hand-fed.js'
import { lettersIn, lettersOf, parkSequence } from '../support/parked-letters.js'
import { useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
const by = 'ada'

let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

/** Its handler of deposits throws at one amount. */
const failing = bankWith((event) => {
  if (event.amount === 100n) throw new RangeError('planted at 100')
})

describe('a retry of the letters of other builds', () => {
  it('is made once for a build', async () => {
    await using fed = await HandFed.open(url, failing)
    await parkSequence(fed, await fed.account('a', 3))
    await parkSequence(fed, await fed.account('b', 1))
    const letters = lettersOf(fed)

    expect(await letters.lettersOfOtherBuilds('new')).toEqual({ letters: 2, deadly: 0 })
    // The first letter of an account is not the one that fails again: that one is known as this build's from now on.
    expect(await letters.retryOnce('new', { by })).toMatchObject({ applied: 5, left: 1 })
    expect(await letters.lettersOfOtherBuilds('new')).toEqual({ letters: 0, deadly: 0 })
    expect(await letters.retryOnce('new', { by })).toBeUndefined()
    expect(await letters.lettersOfOtherBuilds('newer')).toEqual({ letters: 1, deadly: 0 })
  })

  it('leaves keys alone of which one letter ended its process, until somebody asks', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 1), { name: 'ProcessDied' })
    await parkSequence(fed, await fed.account('b', 1))
    const letters = lettersOf(fed)

    expect(await letters.lettersOfOtherBuilds('new')).toEqual({ letters: 2, deadly: 1 })
    expect(await letters.retryOnce('new', { by })).toMatchObject({ applied: 2, left: 0 })
    expect(await letters.retryOnce('new', { by })).toBeUndefined()
    expect((await lettersIn(url)).keys).toEqual(['account-a'])
    expect(await letters.retry({}, { by })).toMatchObject({ applied: 2, left: 0 })
  })
})
