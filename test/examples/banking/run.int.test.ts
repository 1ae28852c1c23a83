import { describe, expect, it } from 'vitest'
import { credits, useBankFiles } from '../../support/bank-file.js'
import { documentOf, runBanking, startBanking } from '../../support/banking-run.js'
import { freshDatabase } from '../../support/database.js'
import { onServer } from '../../support/test-databases.js'
import { waitFor } from '../../support/wait-for.js'

const bankFile = useBankFiles()

/** Runs a test on a database of its own. */
async function onDatabase(test: (url: string) => Promise<void>): Promise<void> {
  const database = await freshDatabase()
  await test(database.url)
  await database.drop()
}

const storedEvents = (url: string): Promise<number> =>
  onServer(url, async (client) => {
    const { rows } = await client.query<{ count: number }>(
      'select count(*)::integer as count from banking_store.events',
    )
    return rows[0]?.count ?? 0
  })

describe('the bank', () => {
  it(
    'agrees with the bank on every balance of the shipped excerpt, and appends nothing the second time',
    () =>
      onDatabase(async (url) => {
        const first = await runBanking(url, ['--json'])
        const second = await runBanking(url, ['--json'])

        expect(first).toMatchObject({ exit: 0 })
        expect(documentOf(first)).toEqual({
          transactions: 4_740,
          accounts: 237,
          eventsStored: 4_977,
          eventsPublished: 4_977,
          eventsApplied: 9_717,
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
      }),
    120_000,
  )

  it(
    'ends with the same balances after it was killed again and again',
    () =>
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
      }),
    120_000,
  )

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

  it('stops at a malformed line, keeps what came before, and goes on when it is corrected', () =>
    onDatabase(async (url) => {
      const lines = credits(40, 4)
      const bad = lines.with(30, `${lines[30] ?? ''}extra;`)

      const stopped = await runBanking(url, ['--json', '--data', await bankFile(bad)])
      const stored = await storedEvents(url)
      const corrected = await runBanking(url, ['--json', '--data', await bankFile(lines)])

      expect(stopped).toMatchObject({ exit: 1, stdout: '' })
      expect(stopped.stderr).toMatch(/error: line 32 of .* is malformed: must have 10 columns/)
      expect(stopped.stderr).not.toMatch(/^\s+at /m)
      expect(stored).toBe(30 + 4)
      expect(documentOf(corrected)).toMatchObject({ alreadyKnown: 30, eventsStored: 10, mismatches: 0 })
    }))

  it('stops at a line that says something else under a known number, and books no later one of its account', () =>
    onDatabase(async (url) => {
      const lines = credits(40, 1)
      await runBanking(url, ['--json', '--data', await bankFile(lines.slice(0, 10))])
      const changed = lines.with(5, '6;1;930101;PRIJEM;VKLAD;7.00;6.00;;;')

      const run = await runBanking(url, ['--json', '--data', await bankFile(changed)])

      expect(run).toMatchObject({ exit: 1, stdout: '' })
      expect(run.stderr).toContain('line 7 (transaction 6 of account 1) was not booked: command id')
      expect(await storedEvents(url)).toBe(11)
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

  it(
    'stops cleanly when it is interrupted, and the next run goes on from there',
    () =>
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
      }),
    60_000,
  )

  it('shows progress and a summary to a person, on the streams where they belong', () =>
    onDatabase(async (url) => {
      const run = await runBanking(url, ['--data', await bankFile(credits(10, 2))])

      expect(run.exit).toBe(0)
      expect(run.stderr).toMatch(/^database \S+ · log postgres · data folder none/m)
      expect(run.stderr).toContain('imported 10 transactions of 2 accounts')
      expect(run.stdout).toMatch(/balances that agree +2 of 2/)
      expect(run.stdout).toContain('npx reprise projection rebuild balances')
    }))

  it.each([
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
