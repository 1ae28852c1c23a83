import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { bankFolder, type CliRun, runCli } from '../support/cli.js'
import { HandFed } from '../support/hand-fed.js'
import { parkSequence } from '../support/parked-letters.js'
import { useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
let folder = ''
let url = ''

beforeAll(async () => {
  folder = await bankFolder()
})
beforeEach(async () => {
  url = await freshDatabase()
})

const reprise = (...args: string[]): Promise<CliRun> =>
  runCli(args, { folder, environment: { DATABASE_URL: url } })

const whatIsMissing = [
  [['--key', 'account-z'], 'of key account-z'],
  [['--fingerprint', 'gone'], 'with the fingerprint gone'],
  [['--type', 'MoneyLost', '--key', 'account-a'], 'of type MoneyLost of key account-a'],
] as const

describe('reprise dlq where nothing is as was asked', () => {
  it('refuses to show, retry and discard, and says what was looked for', { timeout: 60_000 }, async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 1))

    for (const [flags, text] of whatIsMissing) {
      const message = `error: balances has no letter ${text}: see reprise dlq list balances\n`
      const shown = await reprise('dlq', 'show', 'balances', ...flags)
      expect(shown).toEqual({ exitCode: 3, stdout: '', stderr: message })
    }
    const [flags, text] = whatIsMissing[0]
    for (const words of [['retry'], ['discard', '--reason', 'none'], ['retry', '--dry-run']]) {
      const run = await reprise('dlq', words[0] ?? '', 'balances', ...words.slice(1), ...flags)
      expect(run).toMatchObject({ exitCode: 3, stdout: '' })
      expect(run.stderr).toContain(`has no letter ${text}`)
    }
  })

  it('exports nothing, and says so beside the data', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 1))

    const run = await reprise('dlq', 'export', 'balances', '--key', 'account-z')
    const quiet = await reprise('--quiet', 'dlq', 'export', 'balances', '--key', 'account-z')

    expect(run).toEqual({
      exitCode: 0,
      stdout: '',
      stderr:
        'nothing was exported: balances has no letter of key account-z; see reprise dlq list balances\n',
    })
    expect(quiet).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  })

  it('shows that there are none where all were asked for, which is an answer', async () => {
    await using fed = await HandFed.open(url)

    expect(fed.generation.generation).toBe(1)
    expect(await reprise('dlq', 'show', 'balances')).toEqual({
      exitCode: 0,
      stdout: 'no dead letters in balances\n',
      stderr: '',
    })
  })
})
