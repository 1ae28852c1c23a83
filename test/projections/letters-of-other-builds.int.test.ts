import { beforeEach, describe, expect, it } from 'vitest'
import { LetterOffers } from '../../src/app/letter-offers.js'
import { HandlerFailed } from '../../src/subscriptions/index.js'
import { inSuspectTurn } from '../../src/subscriptions/suspect-turns.js'
import { bankWith } from '../support/bank-variants.js'
import { HandFed } from '../support/hand-fed.js'
import {
  lettersAround,
  lettersBetween,
  lettersIn,
  lettersOf,
  parkSequence,
} from '../support/parked-letters.js'
import { ask, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

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
    expect(await lettersIn(url)).toEqual({
      letters: [{ key: 'account-a', version: 4, class: 'handler', attempts: 1 }],
      keys: ['account-a'],
    })
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

describe('a letter that is retried for another build', () => {
  const inFull = () => ask(url, 'SELECT * FROM reprise_read.parked_events ORDER BY id')

  it('is known to have ended its process while it is tried, each for itself, and as it was once what failed has passed', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 1))
    const asParked = await inFull()
    const seen: unknown[] = []
    let fails = 5
    const letters = lettersAround(fed, async (_, [envelope]) => {
      seen.push(
        await ask(
          url,
          `SELECT version::int, attempts, definition FROM reprise_read.parked_events WHERE error_name = 'ProcessDied'`,
        ),
      )
      if (fails-- > 0 && envelope !== undefined)
        throw new HandlerFailed(envelope, Object.assign(new Error('gone'), { code: 'ECONNRESET' }), true)
    })
    const first = [{ version: 1, attempts: 6, definition: 'new' }]

    await expect(letters.retryOnce('new', { by })).rejects.toThrow('gone')
    expect(seen).toEqual([first, first, first, first, first])
    expect(await inFull()).toEqual(asParked)

    expect(await letters.retryOnce('new', { by })).toMatchObject({ applied: 2, left: 0 })
    expect(seen.slice(5)).toEqual([first, [{ version: 2, attempts: 1, definition: 'new' }]])
    expect(await letters.lettersThatEnded('new')).toBe(0)
  })

  it('is left alone by a build that had planned to retry it, too, and finds that a process of another one ends at it', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 1))
    await parkSequence(fed, await fed.account('b', 1))
    const onPlan = async () => {
      await ask(
        url,
        `UPDATE reprise_read.parked_events SET error_name = 'ProcessDied', definition = 'newer'
         WHERE sequence_key = 'account-a' AND error_class <> 'waiting'`,
      )
    }

    expect(await lettersOf(fed).retryOnce('new', { by, onPlan })).toMatchObject({ applied: 2, left: 2 })
    expect((await lettersIn(url)).keys).toEqual(['account-a'])
  })

  it('is gone on with by the next start where the retry of its key was broken off before it', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 2))
    const ending = new AbortController()
    const stopped = lettersAround(fed, () => {
      ending.abort()
      return Promise.resolve()
    })
    const letters = lettersOf(fed)

    await expect(stopped.retryOnce('new', { by, signal: ending.signal })).rejects.toThrow('aborted')
    expect((await lettersIn(url)).letters).toMatchObject([
      { version: 2, class: 'waiting', attempts: 0 },
      { version: 3, class: 'waiting', attempts: 0 },
    ])

    expect(await letters.retryOnce('new', { by })).toMatchObject({ applied: 2, left: 0 })
    expect(await lettersIn(url)).toEqual({ letters: [], keys: [] })
  })

  it('is as it was where a swap begins between its count and its try', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 1))
    const asParked = await inFull()
    const letters = lettersBetween(fed, async () => {
      await ask(url, `UPDATE reprise_read.checkpoints SET held_until = clock_timestamp() + interval '1 hour'`)
    })

    await expect(letters.retryOnce('new', { by, timeout: 1 })).rejects.toThrow('a swap of balances to end')
    expect(await inFull()).toEqual(asParked)
  })

  it('is left to who retries it by hand between its count and its try, and so is its key', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 1))
    const byHand: unknown[] = []
    const letters = lettersBetween(fed, async () => {
      byHand.push(await lettersOf(fed).retry({}, { by }))
    })

    expect(await letters.retryOnce('new', { by })).toMatchObject({ applied: 0, failed: [], left: 0 })
    expect(byHand).toMatchObject([{ applied: 2, left: 0 }])
    expect(await lettersIn(url)).toEqual({ letters: [], keys: [] })
  })

  it('is not tried once more where it failed for who did that', async () => {
    await using fed = await HandFed.open(url, failing)
    await parkSequence(fed, (await fed.account('a', 3)).slice(3))
    const byHand: unknown[] = []
    const letters = lettersBetween(fed, async () => {
      byHand.push(await lettersOf(fed).retry({}, { by }))
    })

    expect(await letters.retryOnce('new', { by })).toMatchObject({ applied: 0, failed: [], left: 1 })
    expect(byHand).toMatchObject([{ failed: [{ error: { name: 'RangeError' } }] }])
    expect(await fed.letters()).toMatchObject([{ version: 4, name: 'RangeError' }])
  })

  it('does not have to answer for a suspect of the same process: each waits for its turn', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 0))
    const ended: string[] = []
    let suspect: Promise<unknown> | undefined
    const letters = lettersAround(fed, async () => {
      suspect = inSuspectTurn({}, () => Promise.resolve(ended.push('suspect')), new AbortController().signal)
      await inFull()
      ended.push('letter')
    })

    await letters.retryOnce('new', { by })
    await suspect

    expect(ended).toEqual(['letter', 'suspect'])
  })
})

describe('letters that are applied before their retry is broken off', () => {
  /** An account with three letters; the second fails, so many times, for a reason that passes. */
  async function failingOnSecond(fed: HandFed, times: number) {
    await parkSequence(fed, await fed.account('a', 2))
    let fails = times
    return lettersAround(fed, (_, [envelope]) => {
      if (envelope?.version !== 2 || fails-- <= 0) return Promise.resolve()
      const gone = Object.assign(new Error('gone'), { code: 'ECONNRESET' })
      return Promise.reject(new HandlerFailed(envelope, gone, true))
    })
  }

  it('are counted in what comes of it where it is gone on with', async () => {
    await using fed = await HandFed.open(url)
    const letters = await failingOnSecond(fed, 2)

    expect(await letters.retryOnce('new', { by })).toMatchObject({ applied: 3, failed: [], left: 0 })
  })

  it('are told of in the log of a start that gives up', async () => {
    await using fed = await HandFed.open(url)
    const letters = await failingOnSecond(fed, Infinity)
    const offers = new LetterOffers({ retry: true, logger: fed.logger })

    offers.begin([{ kind: 'projection', letters, fingerprint: 'new' }])

    await waitFor(() => fed.logger.at('warn').length > 0, { what: 'the start to give up' })
    await offers.end()
    expect(fed.logger.lines).toMatchObject([
      { level: 'info', facts: { projection: 'balances', applied: 1 } },
      { level: 'warn', message: 'dead letters of other builds were left as they are' },
    ])
  })
})
