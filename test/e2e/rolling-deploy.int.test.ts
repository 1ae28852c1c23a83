import { beforeEach, describe, expect, it } from 'vitest'
import type { FeedingBuild } from '../../src/projections/rebuild.js'
import { balancesLevel } from '../support/bank-facts.js'
import { ask, foldedBalances, Reader, shownBalances, useFreshDatabases } from '../support/read-side.js'
import { type Release, type ReleaseProcess, useReleases } from '../support/release-process.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
const startRelease = useReleases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

const three = (release: Release): Promise<readonly ReleaseProcess[]> =>
  Promise.all([1, 2, 3].map(() => startRelease(release, url)))

const allSay = (processes: readonly ReleaseProcess[], begin: string): Promise<readonly string[]> =>
  Promise.all(processes.map((it) => it.says(begin)))

const all = (processes: readonly ReleaseProcess[], what: 'rest' | 'stop'): Promise<readonly string[]> =>
  Promise.all(processes.map((it) => it.does(what)))

/** Balances as the buggy release has them. */
async function buggyBalances(): Promise<Record<string, string>> {
  const rows = await ask<{ id: string; balance: string }>(
    url,
    `SELECT stream_id AS id, sum(CASE type WHEN 'MoneyDeposited' THEN (payload->>'amount')::bigint + 1
                                          WHEN 'MoneyWithdrawn' THEN -(payload->>'amount')::bigint ELSE 0 END)::text AS balance
     FROM reprise_store.events GROUP BY stream_id ORDER BY stream_id`,
  )
  return Object.fromEntries(rows.map(({ id, balance }) => [id, balance]))
}

async function feedersOf(generation: number): Promise<number> {
  const rows = await ask(
    url,
    'SELECT FROM reprise_read.feeders WHERE generation = $1 AND expires_at > clock_timestamp()',
    [generation],
  )
  return rows.length
}

describe('a rolling deploy while money moves', () => {
  it('of a fix, with a rebuild, and back again: what one release rebuilt is never touched by the other', async () => {
    const [one, two, last, ...none] = await three('buggy')
    if (one === undefined || two === undefined || last === undefined) throw new Error('there are three')
    await allSay([one, two, last, ...none], 'acked')
    const first = await startRelease('fixed', url)
    await first.says('fix 1')
    await one.does('stop')
    const fixed = [first, await startRelease('fixed', url), await startRelease('fixed', url)]
    await two.does('stop')
    await allSay(fixed, 'acked')

    await first.does('rebuild')

    await allSay(fixed, 'feeds 2')
    expect(await last.says('aside')).toContain('which fed generation 1: this is an older release')
    const plan = JSON.parse((await first.says('plan ')).slice(5)) as readonly FeedingBuild[]
    expect(plan.map(({ processes, stopsAtSwap }) => [processes.length, stopsAtSwap]).sort()).toEqual([
      [1, true],
      [3, false],
    ])
    const said = last.lines.length
    await waitFor(() => last.lines.length > said, { what: 'the old one to go on with commands' })
    await waitFor(async () => (await feedersOf(2)) === 3, { what: 'three to feed it' })
    await all([...fixed, last], 'rest')
    await balancesLevel(url)
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
    await last.does('stop')

    const back = await three('buggy')
    for (const said of await allSay(back, 'aside'))
      expect(said).toContain('run reprise projection accept balances')
    await allSay(back, 'acked')
    await back[0]?.does('accept')
    await allSay(back, 'feeds 2')
    await all(fixed, 'stop')
    await back[0]?.does('rebuild')
    await allSay(back, 'feeds 3')
    await all(back, 'rest')
    await balancesLevel(url)

    expect(await shownBalances(url)).toEqual(await buggyBalances())
  }, 240_000)

  it('of a raised version: new processes stand by until theirs is built, old ones leave at the swap', async () => {
    const old = await three('narrow')
    await allSay(old, 'acked')
    const job = await startRelease('raised', url)
    expect(await job.says('refused')).toContain('was built as version 1, the code declares 2')
    await using reader = await Reader.open(url, 'a report')
    await reader.rows('BEGIN ISOLATION LEVEL REPEATABLE READ')
    await reader.rows('SELECT 1 FROM pg_class')
    const rebuilding = job.does('rebuild')
    await job.says('phase waiting')
    const raised = await three('raised')
    await allSay(raised, 'waits 2')
    expect([await feedersOf(1), await feedersOf(2)]).toEqual([3, 1])

    await reader.rows('COMMIT')

    expect(await rebuilding).toBe('rebuild 2')
    await allSay(raised, 'feeds 2')
    for (const said of await allSay(old, 'aside')) expect(said).toContain('by a newer release')
    await allSay(raised, 'acked')
    const late = await startRelease('narrow', url)
    expect(await late.says('aside')).toMatch(/by a newer release.*deploy that release/)
    await late.says('acked')
    await all([...old, ...raised, late], 'rest')
    await balancesLevel(url)
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
  }, 240_000)
})
