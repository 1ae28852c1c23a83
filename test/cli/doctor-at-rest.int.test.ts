import { Reprise } from 'reprise'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Balances, bank, OpenAccount, Statements } from '../support/bank.js'
import { bankFolder, runCli } from '../support/cli.js'
import { ask, quietly, rebuildOf, useFreshDatabases } from '../support/read-side.js'

interface Check {
  readonly check: string
  readonly state: string
  readonly fact: string
  readonly remedy: string | null
}

const freshDatabase = useFreshDatabases()
let folder = ''
let url = ''

beforeAll(async () => {
  folder = await bankFolder()
})
beforeEach(async () => {
  url = await freshDatabase()
})

const reprise = (...args: string[]) => runCli(args, { folder, environment: { DATABASE_URL: url } })

async function examine() {
  const { exitCode, stdout } = await reprise('doctor', '--json')
  const { checks } = JSON.parse(stdout) as { checks: readonly Check[] }
  return { exitCode, checks, of: (check: string) => checks.find((it) => it.check === check) }
}

/** An app that did something, and was stopped in order. */
async function usedAndStopped(): Promise<void> {
  await using app = await Reprise.start(bank, quietly(url))
  const receipt = await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
  await app.projections.caughtUp(Balances, receipt)
  await app.projections.caughtUp(Statements, receipt)
}

describe('reprise doctor where no process runs', () => {
  it('says so as a fact where all were stopped in order and nothing waits', async () => {
    await usedAndStopped()

    const { exitCode, checks, of } = await examine()

    // The databases of these tests may lose their data, which is warned of.
    const warned = checks.filter(
      ({ state, remedy }) => state !== 'ok' && remedy?.includes('data may be lost') !== true,
    )
    expect(warned).toEqual([])
    expect(exitCode).toBe(0)
    expect(of('relay')?.fact).toBe(
      'no process is there that publishes events: none was started, or all were stopped; none waits',
    )
    expect(of('projection balances')?.fact).toBe(
      'generation 1, level; no process feeds it now: none was started, or all were stopped',
    )
  })

  it('says that one ended without notice, where its leases ran out', async () => {
    await usedAndStopped()
    await ask(
      url,
      `INSERT INTO reprise_store.relay_members (scope, member, expires_at)
       VALUES ('outbox', gen_random_uuid(), now() - interval '1 minute')`,
    )
    await ask(
      url,
      `INSERT INTO reprise_read.feeders (projection, generation, member, process, fingerprint, expires_at)
       VALUES ('balances', 1, gen_random_uuid(), 'host 7', 'f', now() - interval '1 minute')`,
    )

    const { of } = await examine()

    expect(of('relay')).toMatchObject({
      state: 'warning',
      fact: 'no process publishes events, and the last one ended without giving its slots back; none waits',
      remedy: expect.stringContaining('role relay') as string,
    })
    expect(of('projection balances')).toMatchObject({
      state: 'warning',
      fact: 'no process feeds it: the last one ended without notice; it is level',
      remedy: expect.stringContaining('role projections') as string,
    })
    expect(of('projection statements')).toMatchObject({ state: 'ok' })
  })
})

describe('reprise doctor with a build that may not feed what is live', () => {
  it('says why its processes stand aside, and what to do', { timeout: 60_000 }, async () => {
    await usedAndStopped()
    // The command line runs a bank that another compiler made: another build than the test's own.
    await reprise('projection', 'rebuild', 'balances')
    expect((await examine()).of('build for balances')).toBeUndefined()
    await rebuildOf(url, 'balances')

    const { of } = await examine()

    expect(of('build for balances')).toMatchObject({
      state: 'warning',
      fact: expect.stringMatching(
        /^this build may not feed it: .*generation 3 was built by another definition .* run reprise projection accept balances/,
      ) as string,
      remedy: 'nothing, where processes of the newer release run: those of this one start, and stand aside',
    })
    expect(of('build for statements')).toBeUndefined()
  })
})
