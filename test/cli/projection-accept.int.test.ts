import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Reprise } from 'reprise'
import { bank } from '../support/bank.js'
import { narrow } from '../support/bank-releases.js'
import { bankFolder, type CliRun, runCli } from '../support/cli.js'
import { openAccounts } from '../support/load.js'
import { ask, quietly, Reader, rebuildOf, useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
let url = ''
let folder = ''

beforeAll(async () => {
  folder = await bankFolder()
})
beforeEach(async () => {
  url = await freshDatabase()
})

// The command line runs a bank that another compiler made: another build than the test's own.
const reprise = (...args: string[]): Promise<CliRun> =>
  runCli(args, { folder, environment: { DATABASE_URL: url } })

const audited = () =>
  ask(url, `SELECT actor, action, target->'grown' AS grown FROM reprise_read.audit_log ORDER BY id`)

describe('reprise projection accept', () => {
  it('shows what it means to go back to an older build, asks for nothing else with --dry-run, and records who did it', async () => {
    await (await Reprise.start(bank, quietly(url))).stop()
    expect((await reprise('projection', 'rebuild', 'balances')).exitCode).toBe(0)
    await rebuildOf(url, 'balances')

    const dry = await reprise('projection', 'accept', 'balances', '-n')
    expect(dry.stdout).toMatch(
      /^acceptance of a build of balances\n {2}generation {3}3, the live one\n {2}build {8}[0-9a-f]{16}, of an older release: it fed generation 2\n/,
    )
    expect(dry.stdout).toContain('consequence  it feeds the generation beside the builds that do so now')
    expect(dry).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await audited()).toEqual([])

    const done = await reprise('projection', 'accept', 'balances', '--by', 'ada')
    expect(done.stdout).toBe('accepted: this build may feed generation 3 of balances\n')
    expect(done.stderr).toContain('of an older release: it fed generation 2')
    expect(await audited()).toEqual([{ actor: 'ada', action: 'projection accept', grown: [] }])

    const again = await reprise('projection', 'accept', 'balances', '--json')
    expect(JSON.parse(again.stdout)).toMatchObject({
      dryRun: false,
      // One that feeds what is live is none of an older release, whatever it fed before.
      plan: { projection: 'balances', generation: 3, earlier: null, isAdmitted: true },
      result: { changed: false },
    })
    expect(await audited()).toHaveLength(1)
  })

  it('says which events were passed by when more are handled, and who feeds it no more', async () => {
    {
      await using app = await Reprise.start(narrow, quietly(url))
      await openAccounts(app, 1, 1)
    }

    const { exitCode, stdout, stderr } = await reprise('projection', 'accept', 'balances')

    expect(stderr).toMatch(
      / {2}added {8}MoneyWithdrawn\n {2}consequence {2}events of these types that were passed by stay unapplied until a rebuild\n {2}consequence {2}builds that lack these types feed the generation no more/,
    )
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: 'accepted: this build may feed generation 1 of balances\n',
    })
    expect(await audited()).toMatchObject([{ grown: ['MoneyWithdrawn'] }])
  })

  it('refuses what only a rebuild can bring, and a projection that was never started', async () => {
    await reprise('db', 'migrate')
    const unknown = await reprise('projection', 'accept', 'balances')
    expect(unknown.stderr).toContain('projection balances: it has no generation yet: start the app')
    await (await Reprise.start(bank, quietly(url))).stop()
    await using reader = await Reader.open(url)
    await reader.rows('UPDATE reprise_read.generations SET declared_version = 2')

    const refused = await reprise('projection', 'accept', 'balances')

    expect(refused.stderr).toContain('was built as version 2 by a newer release')
    expect([unknown.exitCode, refused.exitCode]).toEqual([3, 3])
    expect(refused.stderr).toContain('error: this build is refused:\n- projection balances: generation 1')
  })
})
