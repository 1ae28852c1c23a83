import { sql } from 'kysely'
import { beforeEach, describe, expect, it } from 'vitest'
import { HandFed } from '../support/hand-fed.js'
import { lettersAround, lettersBetween, lettersOf, parkSequence } from '../support/parked-letters.js'
import { ask, Reader, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
const by = 'ada'

let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

/** Waits until the last statement of a session holds this text, whether it is done or waits for a lock. */
const statement = (text: string, state: 'idle' | 'active') =>
  waitFor(
    async () => {
      const sessions = await ask(
        url,
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE $1
         AND CASE $2 WHEN 'idle' THEN state = 'idle' ELSE wait_event_type = 'Lock' END`,
        [`%${text}%`, state],
      )
      return sessions.length > 0
    },
    { what: text },
  )

describe('a letter that another process retries at this moment', () => {
  it('is not told of as one that ended a process, however long its try takes', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 0))
    await parkSequence(fed, await fed.account('b', 0), { name: 'ProcessDied' })
    await using holder = await Reader.open(url, 'a holder')
    await holder.rows('SELECT pg_advisory_lock(4711)')
    // In a statement: an idle transaction would be ended.
    const slow = lettersAround(fed, async (tx) => {
      await sql`SELECT pg_advisory_xact_lock(4711)`.execute(tx)
    })
    const letters = lettersOf(fed)

    const retry = slow.retryOnce('new', { by })
    await statement('pg_advisory_xact_lock', 'active')

    expect(await letters.lettersThatEnded('new')).toBe(0)
    expect(await letters.lettersOfOtherBuilds('newer')).toEqual({ letters: 1, deadly: 1 })
    await holder.rows('SELECT pg_advisory_unlock(4711)')
    expect(await retry).toMatchObject({ applied: 1, left: 0 })
  })

  it('is not told of as such between its count and its try either', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 0))
    const letters = lettersOf(fed)
    let look: Promise<number> | undefined
    const meddled = lettersBetween(fed, async () => {
      look = letters.lettersThatEnded('new', { settles: 1_000 })
      await statement('SKIP LOCKED', 'idle')
    })

    await meddled.retryOnce('new', { by })

    expect(await look).toBe(0)
  })

  it('is told of once it is certain that nobody does any more', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 0), { name: 'ProcessDied' })
    const letters = lettersOf(fed)

    expect(await letters.lettersOfOtherBuilds('new', { settles: 100 })).toEqual({ letters: 1, deadly: 1 })
  })
})

describe('a look for letters that ended a process', () => {
  it('waits no longer than the start that makes it', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 0), { name: 'ProcessDied' })
    const ending = new AbortController()

    const look = lettersOf(fed).lettersOfOtherBuilds('new', { settles: 1_000_000, signal: ending.signal })
    ending.abort()

    await expect(look).rejects.toThrow('aborted')
  })
})
