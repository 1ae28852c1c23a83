import { beforeEach, describe, expect, it } from 'vitest'
import {
  type App,
  type AppDefinition,
  defineApp,
  long,
  type ProjectionOptions,
  Projection,
  Projects,
  Reprise,
  type Row,
  string,
  TableProjection,
} from 'reprise'
import { acceptBuild } from '../../src/projections/acceptance.js'
import {
  Account,
  Balances,
  bank,
  DepositMoney,
  MoneyDeposited,
  OpenAccount,
  WithdrawMoney,
} from '../support/bank.js'
import { balancesLevel, caughtUpAll, levelWithAccounts } from '../support/bank-facts.js'
import { buggy, narrow, raised, widened } from '../support/bank-releases.js'
import { openAccounts } from '../support/load.js'
import {
  ask,
  foldedBalances,
  quietly,
  ReadSide,
  rebuildOf,
  shownBalances,
  useFreshDatabases,
} from '../support/read-side.js'
import { leftToOthers, RecordingLogger } from '../support/recording-logger.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

const start = (app: AppDefinition, logger = new RecordingLogger()): Promise<App> =>
  Reprise.start(app, quietly(url, { logger }))

/** Starts a release, lets it do something, and stops it when all of that is applied. */
async function run(app: AppDefinition, work: (app: App) => Promise<unknown>): Promise<void> {
  await using running = await start(app)
  await work(running)
  await balancesLevel(url)
}

async function accept(app: AppDefinition, by = 'ada') {
  await using side = await ReadSide.open(url, app)
  return await acceptBuild(side.parts('balances'), { by })
}

async function fingerprintOf(app: AppDefinition): Promise<string> {
  await using side = await ReadSide.open(url, app)
  return side.parts('balances').fingerprint
}

/** Why a process left the balances to others, each time that it said so. */
const reasons = (logger: RecordingLogger): readonly unknown[] =>
  leftToOthers(logger).map(({ facts }) => Reflect.get(facts, 'error') as unknown)

async function buildsOf(generation: number): Promise<readonly string[]> {
  const rows = await ask<{ fingerprint: string }>(
    url,
    `SELECT fingerprint FROM reprise_read.builds WHERE projection = 'balances' AND generation = $1 ORDER BY since`,
    [generation],
  )
  return rows.map(({ fingerprint }) => fingerprint)
}

describe('a build that fixes what a release of the same version wrote', () => {
  it('feeds the live generation at once, beside the other, and says so', async () => {
    await using old = await start(buggy)
    await openAccounts(old, 2, 2)
    const logger = new RecordingLogger()

    await using fixed = await start(bank, logger)

    expect(logger.at('info').map(({ message }) => message)).toContainEqual(
      expect.stringContaining('another definition of the same version feeds the projection from now on'),
    )
    expect(await buildsOf(1)).toEqual([await fingerprintOf(buggy), await fingerprintOf(bank)])
    await old.stop()
    const receipt = await fixed.execute(new DepositMoney({ accountId: 'acc-0', amount: 7n }))
    await fixed.projections.caughtUp(Balances, receipt)
    // What the bug wrote stays until a rebuild.
    expect(await shownBalances(url)).not.toEqual(await foldedBalances(url))

    await rebuildOf(url, 'balances')

    await caughtUpAll(fixed, url)
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
    const again = new RecordingLogger()
    await (await start(bank, again)).stop()
    expect(again.lines.filter(({ message }) => message.includes('another definition'))).toEqual([])
  })

  it('is recorded once when several of its processes start at once', async () => {
    await run(buggy, (app) => openAccounts(app, 1, 1))

    const apps = await Promise.all([start(bank), start(bank), start(bank)])
    await Promise.all(apps.map((app) => app.stop()))

    expect(await buildsOf(1)).toHaveLength(2)
  })
})

describe('a build that is older than what is live', () => {
  it('leaves it to others, also when the generation that it fed was dropped, until it is accepted by name', async () => {
    await run(buggy, (app) => openAccounts(app, 1, 1))
    await run(bank, (app) => app.execute(new DepositMoney({ accountId: 'acc-0', amount: 1n })))
    await rebuildOf(url, 'balances')
    await rebuildOf(url, 'balances')
    expect(
      await ask(url, `SELECT FROM reprise_read.generations WHERE projection = 'balances' AND generation = 1`),
    ).toEqual([])

    const logger = new RecordingLogger()
    await using back = await start(buggy, logger)
    await back.execute(new DepositMoney({ accountId: 'acc-0', amount: 10n }))
    expect(reasons(logger)).toEqual([
      expect.stringMatching(
        /generation 3 was built by another definition than this build's, [0-9a-f]{16}, which fed generation 1: this is an older release; deploy the newer one, or, to go back on purpose, run reprise projection accept balances or reprise projection rebuild balances with this release \(--app names its module\)$/,
      ),
    ])

    expect(await accept(buggy)).toMatchObject({ generation: 3, changed: true })
    expect(await accept(buggy)).toMatchObject({ generation: 3, changed: false })
    await balancesLevel(url)
    await waitFor(() => back.counters.applied['balances'] === 1, { what: 'it to be counted' })
    expect(reasons(logger)).toHaveLength(1)
    // 1 + 1, and 11 as the buggy one has it.
    expect(await shownBalances(url)).toEqual({ 'acc-0': '13' })
    expect(
      await ask(url, `SELECT actor, action, target->>'generation' AS generation FROM reprise_read.audit_log`),
    ).toEqual([{ actor: 'ada', action: 'projection accept', generation: '3' }])
  })

  it('that only tried to build one that was given up is not known as older', async () => {
    await run(buggy, (app) => openAccounts(app, 1, 1))
    {
      await using side = await ReadSide.open(url, bank)
      const { generations } = side.parts('balances')
      const { generation } = await generations.createBuilding()
      expect(await buildsOf(2)).toEqual([side.parts('balances').fingerprint])
      await generations.drop(generation)
    }
    expect(await buildsOf(2)).toEqual([])

    await rebuildOf(url, 'balances', { app: buggy })

    await (await start(bank)).stop()
  })

  it('stops feeding at the swap, says of which generation it is, and goes on by itself once it is accepted', async () => {
    const logger = new RecordingLogger()
    await using old = await start(buggy, logger)
    await openAccounts(old, 2, 2)

    await rebuildOf(url, 'balances')
    await waitFor(() => leftToOthers(logger).length > 0, { what: 'the old build to notice' })
    await old.execute(new DepositMoney({ accountId: 'acc-0', amount: 5n }))

    expect(leftToOthers(logger)[0]?.facts).toMatchObject({
      projection: 'balances',
      generation: 2,
      error: expect.stringContaining('which fed generation 1: this is an older release') as string,
    })
    const { components } = await old.health()
    expect(components.find(({ name }) => name === 'balances')).toMatchObject({
      state: 'waiting',
      fedHere: false,
      aside: expect.stringContaining('this is an older release') as string,
    })
    await using fixed = await start(bank)
    await caughtUpAll(fixed, url)
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))

    await fixed.stop()
    await accept(buggy)
    await old.execute(new DepositMoney({ accountId: 'acc-0', amount: 5n }))

    await balancesLevel(url)
  })
})

describe('a build that handles more', () => {
  it('is accepted by name: events that were passed by stay unapplied, and builds that lack them feed no more', async () => {
    const logger = new RecordingLogger()
    await using old = await start(narrow, logger)
    await openAccounts(old, 2, 3)
    await old.execute(new WithdrawMoney({ accountId: 'acc-0', amount: 1n }))
    await balancesLevel(url)
    await expect(start(bank)).rejects.toThrow(
      'run reprise projection rebuild balances, or reprise projection accept balances, which leaves out those that were passed by',
    )

    expect(await accept(bank)).toMatchObject({ changed: true })
    await old.execute(new WithdrawMoney({ accountId: 'acc-0', amount: 2n }))

    await waitFor(() => leftToOthers(logger).length > 0, { what: 'the old build to notice' })
    expect(reasons(logger)).toEqual([
      expect.stringContaining('was built with MoneyWithdrawn, which the code does not handle'),
    ])
    await using grown = await start(bank)
    await balancesLevel(url)
    expect(await shownBalances(url)).toEqual({ 'acc-0': '4', 'acc-1': '6' })
    expect(grown.counters.applied['balances']).toBe(1)

    await rebuildOf(url, 'balances')

    await balancesLevel(url)
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
  })

  it('may be rolled back: the older one starts, executes commands, and passes none of these events by', async () => {
    await run(narrow, (app) => openAccounts(app, 1, 3))
    await accept(bank)
    await run(bank, (app) => app.execute(new WithdrawMoney({ accountId: 'acc-0', amount: 2n })))
    const logger = new RecordingLogger()
    {
      await using back = await start(narrow, logger)
      await back.execute(new WithdrawMoney({ accountId: 'acc-0', amount: 1n }))
      await back.execute(new DepositMoney({ accountId: 'acc-0', amount: 9n }))
      // Another projection of the same process has come as far.
      await levelWithAccounts(url, 'statements')
      expect(back.counters.applied['balances']).toBe(0)
    }
    expect(reasons(logger)).toEqual([
      expect.stringContaining('was built with MoneyWithdrawn, which the code does not handle'),
    ])
    expect(await shownBalances(url)).toEqual({ 'acc-0': '4' })

    await run(bank, () => Promise.resolve())

    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
  })

  it.each([
    ['another version', raised, 'was built as version 1, the code declares 2'],
    ['other columns', widened, 'has the table'],
    ['fewer events', narrow, 'which the code does not handle'],
  ])('of %s cannot be accepted', async (_, app, message) => {
    await run(bank, (it) => openAccounts(it, 1, 1))

    await expect(accept(app)).rejects.toThrow(message)

    expect(await ask(url, 'SELECT FROM reprise_read.audit_log')).toEqual([])
  })
})

/** Deposits by some key. */
function depositsBy(key: ProjectionOptions['key'], version = 1): AppDefinition {
  @Projection({ name: 'balances', version, from: [Account], ...(key && { key, across: 'commutative' }) })
  class Deposits extends TableProjection({
    table: 'balances',
    key: 'account_id',
    columns: { account_id: string(), balance: long(0n) },
  }) {
    @Projects(MoneyDeposited)
    deposited({ amount }: MoneyDeposited, row: Row<typeof Deposits>) {
      row.balance += amount
    }
  }
  return defineApp({ ...bank, projections: [Deposits] })
}

describe('a build with another key function', () => {
  it('is refused at the same version, and comes with a raised one and a rebuild', async () => {
    await run(
      depositsBy(() => 'all'),
      (app) => openAccounts(app, 2, 2),
    )
    const byStream = depositsBy((_event, { stream }) => stream.id)
    const message =
      /has its rows by key function [0-9a-f]{16}, commutative, the code declares them by key function .*: raise its version, and run reprise projection rebuild balances/

    await expect(start(byStream)).rejects.toThrow(message)
    await expect(accept(depositsBy(undefined))).rejects.toThrow(
      /the code declares them by stream, and rows of both would mix: raise its version, and run reprise projection rebuild balances$/m,
    )

    const next = depositsBy((_event, { stream }) => stream.id, 2)
    await rebuildOf(url, 'balances', { app: next })
    await (await start(next)).stop()
    expect(await shownBalances(url)).toEqual({ 'acc-0': '3', 'acc-1': '3' })
  })
})

describe('a build whose key function has another text only', () => {
  it('is accepted by name, since another compiler may have written it', async () => {
    const original = depositsBy(() => 'all')
    await run(original, (app) => openAccounts(app, 2, 2))
    const rewritten = depositsBy(() => {
      return 'all'
    })
    await expect(start(rewritten)).rejects.toThrow(
      'where the function is the same, and only its text is another one since another compiler wrote it (tsx in the place of ' +
        'tsc, or another target), run reprise projection accept balances with this build (--app names its module)',
    )

    expect(await accept(rewritten)).toMatchObject({ changed: true })
    await run(rewritten, (app) => app.execute(new DepositMoney({ accountId: 'acc-0', amount: 4n })))

    expect(await shownBalances(url)).toEqual({ all: '10' })
    expect(await accept(rewritten)).toMatchObject({ changed: false })
    // Processes of the one that was there first may start again, as they do while it is replaced.
    expect(await accept(original)).toMatchObject({ changed: false })
    await run(original, (app) => app.execute(new DepositMoney({ accountId: 'acc-0', amount: 5n })))
    expect(await shownBalances(url)).toEqual({ all: '15' })
  })
})

describe('a generation of before builds were told apart', () => {
  it('is of the first build that feeds it', async () => {
    await run(bank, (app) => app.execute(new OpenAccount({ accountId: 'a', owner: 'Ada' })))
    await ask(url, 'UPDATE reprise_read.generations SET fingerprint = NULL, keying = NULL')
    await ask(url, 'DELETE FROM reprise_read.builds')
    const logger = new RecordingLogger()

    await (await start(bank, logger)).stop()

    const own = await fingerprintOf(bank)
    expect(await buildsOf(1)).toEqual([own])
    expect(
      await ask(
        url,
        `SELECT fingerprint, keying FROM reprise_read.generations WHERE projection = 'balances'`,
      ),
    ).toEqual([{ fingerprint: own, keying: 'by stream' }])
    expect(logger.lines.filter(({ message }) => message.includes('another definition'))).toEqual([])
  })
})
