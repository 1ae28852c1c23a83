import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Reprise } from 'reprise'
import { modelOf } from '../../src/app/app-model.js'
import { joinReadSide } from '../../src/app/read-side.js'
import { settingsFor } from '../../src/app/settings.js'
import { bank } from '../support/bank.js'
import { narrow, raised } from '../support/bank-releases.js'
import { bankFolder, type CliRun, runCli } from '../support/cli.js'
import { HandFed } from '../support/hand-fed.js'
import { parkSequence } from '../support/parked-letters.js'
import { quietly, useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
let folder = ''
let url = ''

beforeAll(async () => {
  folder = await bankFolder()
})
beforeEach(async () => {
  url = await freshDatabase()
})

// The command line runs a bank that another compiler made: another build than the test's own.
const reprise = (...args: string[]): Promise<CliRun> =>
  runCli(args, { folder, environment: { DATABASE_URL: url } })

async function listed(): Promise<{ readonly balances: Listed; readonly text: string }> {
  const { stdout: text } = await reprise('projection', 'list')
  const { stdout } = await reprise('projection', 'list', '--json')
  const { projections } = JSON.parse(stdout) as { projections: readonly Listed[] }
  const balances = projections.find(({ name }) => name === 'balances')
  if (balances === undefined) throw new Error(`balances are not listed: ${stdout}`)
  return { balances, text }
}

interface Listed {
  readonly name: string
  readonly letters: number
  readonly rebuildDue: string | null
}

describe('reprise projection list', () => {
  it('counts dead letters, and names the command that shows them', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 2))

    const { balances, text } = await listed()

    expect(balances).toMatchObject({ letters: 3, rebuildDue: null })
    expect(text).toMatch(/\nbalances .* 3 +- +-\n/)
    expect(text).toContain('\nbalances: 3 letters parked; reprise dlq list balances shows why\n')
    expect(text).not.toContain('statements: ')
  })

  it('says that a rebuild is due, and why, until there was one', { timeout: 60_000 }, async () => {
    await (await Reprise.start(narrow, quietly(url))).stop()

    const grown = await listed()
    await reprise('projection', 'accept', 'balances')
    const accepted = await listed()
    await reprise('projection', 'rebuild', 'balances')
    const rebuilt = await listed()

    const without = 'generation 1 was built without MoneyWithdrawn'
    expect(grown.balances.rebuildDue).toBe(without)
    expect(grown.text).toMatch(/\nbalances .* 0 +due +-\n/)
    expect(grown.text).toContain(
      `balances: a rebuild is due, since ${without}; reprise projection rebuild balances`,
    )
    expect(accepted.balances.rebuildDue).toMatch(
      /^generation 1 was built by another definition than one that has fed it since \d{4}-.*Z$/,
    )
    expect(rebuilt.balances.rebuildDue).toBeNull()
  })

  it('says so of a raised version', async () => {
    await (await Reprise.start(bank, quietly(url))).stop()
    const side = await joinReadSide(modelOf(raised), settingsFor(raised, quietly(url)))
    try {
      const due = await Promise.all(modelOf(raised).projections.map((it) => side.rebuildDue(it)))

      expect(due).toEqual(['generation 1 was built as version 1, the code declares 2', undefined])
    } finally {
      await side.close()
    }
  })
})
