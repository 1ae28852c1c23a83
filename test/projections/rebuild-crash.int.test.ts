import { beforeEach, describe, expect, it } from 'vitest'
import { defineApp, Projection, type ProjectionClass, Projects, Reprise, TableProjection } from 'reprise'
import { rebuild } from '../../src/projections/rebuild.js'
import { Account, Balances, bank, DepositMoney, MoneyDeposited } from '../support/bank.js'
import { caughtUpAll, generationSchemas, generationsOfBalances } from '../support/bank-facts.js'
import { Load, openAccounts } from '../support/load.js'
import type { ModuleProcess } from '../support/module-process.js'
import {
  ask,
  foldedBalances,
  quietly,
  Reader,
  ReadSide,
  rebuildOf,
  shownBalances,
  useFreshDatabases,
} from '../support/read-side.js'
import { startRebuildProcess } from '../support/rebuild-process.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

/** Reads on until the process says one of these, or has said so much. */
async function heard(process: ModuleProcess, words: readonly string[], lines = Infinity): Promise<string> {
  for (let count = 1; ; count++) {
    const line = await process.nextLine()
    if (words.includes(line) || count >= lines || line.startsWith('failed')) return line
  }
}

describe('a rebuild that is killed', () => {
  it('at any moment leaves the live generation whole and fed, and the next one cleans up', async () => {
    await using app = await Reprise.start(bank, quietly(url))
    const accounts = await openAccounts(app, 10, 40)
    const load = Load.on(app, accounts, 1)
    const endings: string[] = []

    for (let kill = 0; kill < 4; kill++) {
      const process = await startRebuildProcess(url, kill % 2 === 0 ? 'log' : 'store')
      await heard(process, ['begins'])
      endings.push(await heard(process, ['done'], 1 + Math.floor(Math.random() * 12)))
      await process.kill('SIGKILL')

      const receipt = await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 1n }))
      await app.projections.caughtUp(Balances, receipt, { timeout: '15s' })
    }
    expect(endings).not.toContainEqual(expect.stringContaining('failed'))
    await load.end()
    await caughtUpAll(app, url)
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))

    const { generation, previous } = await rebuildOf(url, 'balances')

    expect(await generationSchemas(url)).toEqual(
      [`bank_balances_g${previous}`, `bank_balances_g${generation}`, 'bank_statements_g1'].sort(),
    )
    expect(await generationsOfBalances(url)).toEqual({
      live: generation,
      building: null,
      all: [previous, generation],
    })
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
  }, 90_000)

  it('while it holds the live generation keeps that back for some seconds at the most', async () => {
    await using app = await Reprise.start(bank, quietly(url))
    await openAccounts(app, 4, 4)
    await caughtUpAll(app, url)
    await using reader = await Reader.open(url, 'reader')
    await reader.rows('BEGIN ISOLATION LEVEL REPEATABLE READ')
    await reader.rows('SELECT 1 FROM pg_class')
    const process = await startRebuildProcess(url)
    expect(await heard(process, ['waiting'])).toBe('waiting')
    await process.kill('SIGKILL')

    const receipt = await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 1n }))
    await app.projections.caughtUp(Balances, receipt, { timeout: '9s' })

    expect(await generationsOfBalances(url)).toEqual({ live: 1, building: 2, all: [1, 2] })
    await reader.rows('COMMIT')
    expect(await rebuildOf(url, 'balances')).toMatchObject({ generation: 3, previous: 1 })
    expect(await generationsOfBalances(url)).toEqual({ live: 3, building: null, all: [1, 3] })
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
  })
})

describe('a rebuild that lost its lock with its connection', () => {
  it('cannot swap what its successor builds', async () => {
    await using app = await Reprise.start(bank, quietly(url))
    await openAccounts(app, 4, 4)
    await caughtUpAll(app, url)
    await using reader = await Reader.open(url, 'reader')
    await reader.rows('BEGIN ISOLATION LEVEL REPEATABLE READ')
    await reader.rows('SELECT 1 FROM pg_class')
    await using side = await ReadSide.open(url)
    const shown: string[] = []
    const first = rebuild(side.parts('balances'), { onProgress: ({ phase }) => shown.push(phase) })
    const failure = first.catch((error: unknown) => error)
    await waitFor(() => shown.includes('waiting'), { what: 'the first one to be level' })

    await ask(
      url,
      `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    )
    const second = rebuildOf(url, 'balances')
    await waitFor(async () => (await generationsOfBalances(url)).building === 3, { what: 'the second one' })
    await reader.rows('COMMIT')

    expect(await failure).toBeInstanceOf(Error)
    expect(await second).toMatchObject({ generation: 3, previous: 1 })
    expect(await generationsOfBalances(url)).toEqual({ live: 3, building: null, all: [1, 3] })
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
  })
})

describe('the live generation', () => {
  it('cannot be dropped', async () => {
    await using app = await Reprise.start(bank, quietly(url))
    await openAccounts(app, 2, 2)
    await caughtUpAll(app, url)
    await using side = await ReadSide.open(url)
    const { generations } = side.parts('balances')

    await expect(generations.drop(1)).rejects.toThrow('generation 1 of balances is live')

    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
  })

  it('is not swapped for another while it may move', async () => {
    await using app = await Reprise.start(bank, quietly(url))
    await using side = await ReadSide.open(url)
    const { generations } = side.parts('balances')
    await generations.createBuilding()

    await expect(generations.swap(1, 2)).rejects.toThrow('generation 1 is not live and held any more')
    await generations.hold(1, 0, 1_000)
    await expect(generations.swap(1, 2)).rejects.toThrow('generation 1 is not live and held any more')
    await generations.hold(1, 10_000, 1_000)
    expect(await generations.swap(1, 2)).toBe('swapped')
    await caughtUpAll(app, url)
  })

  it('is not held while a batch of it is under way', async () => {
    await using side = await ReadSide.open(url)
    const { generations } = side.parts('balances')
    await generations.ensureLive()
    await using batch = await Reader.open(url)
    await batch.rows('BEGIN')
    await batch.rows('UPDATE reprise_read.checkpoints SET epoch = epoch WHERE partition = 2')

    expect(await generations.hold(1, 10_000, 200)).toBe('blocked')

    await batch.rows('COMMIT')
    expect(
      await ask(url, 'SELECT held_until FROM reprise_read.checkpoints WHERE held_until IS NOT NULL'),
    ).toEqual([])
  })

  it('is made once, when several processes start at once on an empty database', async () => {
    const apps = await Promise.all(Array.from({ length: 3 }, () => Reprise.start(bank, quietly(url))))

    expect(await generationsOfBalances(url)).toEqual({ live: 1, building: null, all: [1] })
    await Promise.all(apps.map((app) => app.stop()))
  })

  it('of many projections is made at once, though all of them need the schema of the app', async () => {
    const names = Array.from({ length: 8 }, (_, index) => `copy_${index}`)
    await using side = await ReadSide.open(
      url,
      defineApp({ ...bank, projections: names.map(copyOfBalances) }),
    )

    // With connections at hand they meet at the same statement.
    await Promise.all(names.map(() => side.installation.databases.read.query('SELECT 1')))

    const made = await Promise.all(names.map((name) => side.parts(name).generations.ensureLive()))

    expect(made.map(({ schema }) => schema)).toEqual(names.map((name) => `bank_${name}_g1`))
  })
})

function copyOfBalances(name: string): ProjectionClass {
  @Projection({ name, version: 1, from: [Account] })
  class Copy extends TableProjection({ table: name, key: Balances.key, columns: Balances.columns }) {
    @Projects(MoneyDeposited)
    deposited() {}
  }
  return Copy
}
