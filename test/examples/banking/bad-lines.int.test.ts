import { describe, expect, it } from 'vitest'
import { credits, useBankFiles } from '../../support/bank-file.js'
import { onDatabase, storedEvents } from '../../support/banking-database.js'
import { documentOf, runBanking } from '../../support/banking-run.js'

const bankFile = useBankFiles()

const leftOut = (stderr: string): readonly string[] =>
  [...stderr.matchAll(/^left out: (.*)$/gm)].map(([, line = '']) => line)

// Each run is a process of its own, and some tests have several.
describe('the bank', { timeout: 120_000 }, () => {
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

  it('leaves out bad lines with --skip-bad, names each, and books all others', () =>
    onDatabase(async (url) => {
      const lines = [...credits(20, 2)]
      const binary = `101;1;930102;PRIJEM;PREVOD Z UCTU;7.00;17.00;;Y\0Z;1`
      const other = '1;1;930101;PRIJEM;VKLAD;7.00;7.00;;;'
      const data = await bankFile([...lines.slice(0, 10), 'nonsense', binary, ...lines.slice(10), other])

      const stopped = await runBanking(url, ['--json', '--data', data])
      const run = await runBanking(url, ['--json', '--skip-bad', '--data', data])

      expect(stopped).toMatchObject({ exit: 1, stdout: '' })
      expect(stopped.stderr).toContain('correct it and start again, or leave it out with --skip-bad')
      expect(run).toMatchObject({ exit: 0 })
      expect(documentOf(run)).toMatchObject({ transactions: 20, skipped: 3, mismatches: 0 })
      expect(leftOut(run.stderr)).toEqual([
        expect.stringMatching(/^line 12 of .* is malformed: must have 10 columns separated by semicolons, /),
        expect.stringMatching(/^line 13 \(transaction 101 of account 1\) was not booked: .*partnerBank/),
        expect.stringMatching(/^line 24 \(transaction 1 of account 1\) was not booked: command id/),
      ])
      expect(await storedEvents(url)).toBe(22)
    }))

  it('counts what was left out also where that is nothing, and finds the balances that miss something', () =>
    onDatabase(async (url) => {
      const lines = credits(6, 1)
      const holed = await bankFile(lines.with(2, 'nonsense').with(3, 'nonsense'))

      const whole = await runBanking(url, ['--json', '--skip-bad', '--data', await bankFile(lines)])
      const run = await runBanking(url, ['--json', '--fresh', '--skip-bad', '--data', holed])

      expect(whole).toMatchObject({ exit: 0 })
      expect(documentOf(whole)).toMatchObject({ transactions: 6, skipped: 0, mismatches: 0 })
      expect(run).toMatchObject({ exit: 4 })
      expect(documentOf(run)).toMatchObject({ transactions: 4, skipped: 2, mismatches: 1 })
      expect(run.stderr).toContain('account 1 after transaction 6: the bank says 6.00, we say 4.00')
    }))

  it.each(['id;amount', ''])('stops also with --skip-bad at the header %j', (header) =>
    onDatabase(async (url) => {
      const data = await bankFile(credits(4, 2), header)

      const run = await runBanking(url, ['--json', '--skip-bad', '--data', data])

      expect(run).toMatchObject({ exit: 1, stdout: '' })
      expect(run.stderr).toMatch(
        /error: line 1 of .* is malformed: the first line must be trans_id;account_id;/,
      )
      expect(run.stderr).not.toContain('--skip-bad')
      expect(await storedEvents(url)).toBe(0)
    }),
  )

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
})
