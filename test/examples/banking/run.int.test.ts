import { describe, expect, it } from 'vitest'
import { credits, useBankFiles } from '../../support/bank-file.js'
import { documentOf, runBanking, startBanking } from '../../support/banking-run.js'
import { onDatabase, storedEvents } from '../../support/banking-database.js'
import { onServer } from '../../support/test-databases.js'
import { waitFor } from '../../support/wait-for.js'

const bankFile = useBankFiles()

/** How many pairs of entries there are that belong together and come to nothing, and what is on the accounts. */
const soundTransfers = (url: string) =>
  onServer(url, async (client) => {
    const { rows } = await client.query<{ transfers: number; balances: string }>(
      `SELECT (SELECT count(*)::integer FROM (
                 SELECT FROM banking_store.events
                 WHERE payload->>'operation' IN ('transferIn', 'transferOut')
                 GROUP BY metadata->>'correlationId'
                 HAVING count(*) = 2 AND count(DISTINCT stream_id) = 2 AND count(DISTINCT payload->>'amount') = 1
                    AND count(DISTINCT type) = 2) pairs) AS transfers,
              (SELECT string_agg(balance::text, ' ' ORDER BY account_number) FROM banking.balances) AS balances`,
    )
    return rows[0]
  })

// Each run is a process of its own, and some tests have several.
describe('the bank', { timeout: 120_000 }, () => {
  it('agrees with the bank on every balance of the shipped excerpt, and appends nothing the second time', () =>
    onDatabase(async (url) => {
      const first = await runBanking(url, ['--json'])
      const second = await runBanking(url, ['--json'])

      expect(first).toMatchObject({ exit: 0 })
      expect(documentOf(first)).toEqual({
        transactions: 4_740,
        accounts: 237,
        eventsStored: 4_977,
        eventsPublished: 4_977,
        eventsApplied: 4_977 + 3 * 4_740,
        alreadyKnown: 0,
        mismatches: 0,
        log: 'postgres',
        seconds: expect.any(Number) as number,
      })
      expect(second).toMatchObject({ exit: 0 })
      expect(documentOf(second)).toMatchObject({
        transactions: 4_740,
        eventsStored: 0,
        eventsPublished: 0,
        eventsApplied: 0,
        alreadyKnown: 4_740,
        mismatches: 0,
      })
      expect(await storedEvents(url)).toBe(4_977)
    }))

  it('ends with the same balances after it was killed again and again', () =>
    onDatabase(async (url) => {
      const data = await bankFile(credits(1_500, 40))
      for (const share of [100, 600, 1_200]) {
        const { child, ended } = await startBanking(url, ['--json', '--data', data])
        await waitFor(async () => (await storedEvents(url)) >= share, {
          what: `${share} events to be stored`,
          deadline: 60_000,
        })
        child.kill('SIGKILL')
        expect(await ended).toMatchObject({ exit: 'SIGKILL', stdout: '' })
      }
      const before = await storedEvents(url)

      const last = await runBanking(url, ['--json', '--data', data])

      expect(last).toMatchObject({ exit: 0 })
      expect(documentOf(last)).toMatchObject({ transactions: 1_500, accounts: 40, mismatches: 0 })
      expect(await storedEvents(url)).toBe(1_540)
      expect(documentOf(last)).toMatchObject({ eventsStored: 1_540 - before })
    }))

  it('agrees with a shorter file after a longer one', () =>
    onDatabase(async (url) => {
      const lines = credits(60, 6)
      await runBanking(url, ['--json', '--data', await bankFile(lines)])

      const shorter = await runBanking(url, ['--json', '--data', await bankFile(lines.slice(0, 31))])

      expect(shorter).toMatchObject({ exit: 0 })
      expect(documentOf(shorter)).toMatchObject({ transactions: 31, alreadyKnown: 31, mismatches: 0 })
    }))

  it('exits 4 and names the account whose balance differs by more than a crown', () =>
    onDatabase(async (url) => {
      const almost = '1;1;930101;PRIJEM;VKLAD;10.00;11.00;;;'
      const off = '2;2;930101;PRIJEM;VKLAD;10.00;11.10;;;'

      const run = await runBanking(url, ['--json', '--data', await bankFile([almost, off])])

      expect(run.exit).toBe(4)
      expect(documentOf(run)).toMatchObject({ mismatches: 1 })
      expect(run.stderr).toContain('account 2 after transaction 2: the bank says 11.10, we say 10.00')
    }))

  it('passes money round with --transfers: no heller is lost, and what was passed on is not passed on again', () =>
    onDatabase(async (url) => {
      const data = await bankFile(credits(100, 5))
      const totals = { totalBefore: '10000', totalAfter: '10000', mismatches: 0 }
      const transfer = async (transfers: number) =>
        documentOf(await runBanking(url, ['--json', '--transfers', String(transfers), '--data', data]))

      expect(await transfer(12)).toMatchObject({
        ...totals,
        transfers: 12,
        eventsStored: 105 + 24,
        eventsApplied: 4 * 100 + 5 + 12 * 8,
        alreadyKnown: 0,
      })
      expect(await transfer(12)).toMatchObject({
        ...totals,
        transfers: 12,
        eventsStored: 0,
        alreadyKnown: 112,
      })
      expect(await transfer(20)).toMatchObject({
        ...totals,
        transfers: 20,
        eventsStored: 16,
        alreadyKnown: 112,
      })
      expect(await soundTransfers(url)).toEqual({ transfers: 20, balances: '2000 2000 2000 2000 2000' })
    }))

  it('says so when nobody could be paid', () =>
    onDatabase(async (url) => {
      const data = await bankFile(credits(3, 1))

      const run = await runBanking(url, ['--json', '--transfers', '2', '--data', data])

      expect(run).toMatchObject({ exit: 1, stdout: '' })
      expect(run.stderr).toContain(
        'error: money cannot be passed round: fewer than two accounts have a crown',
      )
    }))

  it('begins again with --fresh, and touches nothing else in the database', () =>
    onDatabase(async (url) => {
      await runBanking(url, ['--json', '--data', await bankFile(credits(60, 6))])
      await onServer(url, (client) => client.query('create table mine as select 1 as one'))

      const fresh = await runBanking(url, ['--json', '--fresh', '--data', await bankFile(credits(10, 2))])

      expect(fresh).toMatchObject({ exit: 0 })
      expect(documentOf(fresh)).toMatchObject({ eventsStored: 12, alreadyKnown: 0, mismatches: 0 })
      expect(await storedEvents(url)).toBe(12)
      await onServer(url, async (client) => {
        expect((await client.query('select one from mine')).rows).toEqual([{ one: 1 }])
      })
    }))

  it('stops cleanly when it is interrupted, and the next run goes on from there', () =>
    onDatabase(async (url) => {
      const data = await bankFile(credits(1_500, 40))
      const { child, ended } = await startBanking(url, ['--json', '--data', data])
      await waitFor(async () => (await storedEvents(url)) >= 100, {
        what: '100 events to be stored',
        deadline: 60_000,
      })

      child.kill('SIGINT')
      const interrupted = await ended
      const next = await runBanking(url, ['--json', '--data', data])

      expect(interrupted).toMatchObject({ exit: 130, stdout: '' })
      expect(interrupted.stderr).toContain('interrupted: what was booked stays')
      expect(documentOf(next)).toMatchObject({ transactions: 1_500, mismatches: 0 })
      expect(await storedEvents(url)).toBe(1_540)
    }))

  it('shows progress and a summary to a person, on the streams where they belong', () =>
    onDatabase(async (url) => {
      const run = await runBanking(url, ['--data', await bankFile(credits(10, 2))])

      expect(run.exit).toBe(0)
      expect(run.stderr).toMatch(/^database \S+ · log postgres · data folder none/m)
      expect(run.stderr).toContain('imported 10 transactions of 2 accounts')
      expect(run.stdout).toMatch(/balances that agree +2 of 2/)
      expect(run.stdout).toContain('npx reprise projection rebuild balances')
      expect(run.stdout).toContain('npx reprise events show account 1 ')
    }))

  it('serves until it is interrupted, with what others booked meanwhile', () =>
    onDatabase(async (url) => {
      const data = await bankFile(credits(10, 2))
      const serving = await startBanking(url, ['--serve'], { REPRISE_ROLES: 'relay,projections' })
      await serving.said('serving relay, projections until Ctrl-C')
      const run = await runBanking(url, ['--json', '--data', data], { REPRISE_ROLES: 'api' })

      serving.child.kill('SIGINT')
      const ended = await serving.ended

      expect(run).toMatchObject({ exit: 0 })
      expect(documentOf(run)).toMatchObject({ eventsStored: 12, eventsPublished: 0, eventsApplied: 0 })
      expect(ended).toMatchObject({ exit: 130, stdout: '' })
      expect(ended.stderr).toContain('stopping when what is under way is done')
      // The databases of these tests may lose their data, which they say.
      const unexpected = ended.stderr.split('\n').filter((line) => !line.includes('its data may be lost'))
      expect(unexpected.join('\n')).not.toMatch(/warning|error/)
    }))

  it.each([
    [['--serve', '--fresh'], 2, '--serve imports nothing: leave out --fresh'],
    [['--transfers', '-1'], 2, "option '--transfers' argument is ambiguous"],
    [['--transfers=1.5'], 2, '--transfers needs a whole number up to 999999, not "1.5"'],
    [['--colour'], 2, "unknown option '--colour'"],
    [['file.csv'], 2, "unexpected argument 'file.csv'"],
    [['--data', '/no/such/file'], 2, 'the file /no/such/file cannot be read: it does not exist'],
    [[], 1, 'cannot be reached: connect ECONNREFUSED'],
  ])('says in one message what is wrong with %o', async (flags, exit, message) => {
    const run = await runBanking('postgres://nobody@127.0.0.1:1/nowhere', flags)

    expect(run).toMatchObject({ exit, stdout: '' })
    expect(run.stderr.match(/error: /g)).toHaveLength(1)
    expect(run.stderr).toContain(message)
    expect(run.stderr).not.toMatch(/^\s+at /m)
  })

  it('shows where an error comes from with --verbose', async () => {
    const run = await runBanking('postgres://nobody@127.0.0.1:1/nowhere', ['--verbose'])

    expect(run.stderr).toMatch(/^\s+at /m)
  })
})
