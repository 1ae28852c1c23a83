import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type App, defineApp, Reprise } from 'reprise'
import { Account, Balances, bank, DepositMoney, OpenAccount, Statements } from '../support/bank.js'
import { startBankProcess } from '../support/bank-process.js'
import { ask, foldedBalances, quietly, shownBalances, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()

const parts = { aggregates: [Account], projections: [Balances, Statements] }
const other = defineApp({ name: 'other', schemaPrefix: 'other', ...parts })

async function deposit(app: App, accountId: string, amount: bigint): Promise<void> {
  const receipt = await app.execute(new DepositMoney({ accountId, amount }))
  await app.projections.caughtUp(Balances, receipt, { timeout: '20s' })
}

async function balanceOf(app: App, accountId: string): Promise<bigint | undefined> {
  const row = await app
    .read(Balances)
    .select('balance')
    .where('account_id', '=', accountId)
    .executeTakeFirst()
  return row?.balance
}

describe('two apps in one process', () => {
  it('on one database know nothing of each other, and one goes on when the other stops', async () => {
    const url = await freshDatabase()
    const first = await Reprise.start(bank, quietly(url))
    await using second = await Reprise.start(other, quietly(url))
    for (const [app, amount] of [
      [first, 5n],
      [second, 70n],
    ] as const) {
      await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
      await deposit(app, '1', amount)
    }

    expect([await balanceOf(first, '1'), await balanceOf(second, '1')]).toEqual([5n, 70n])
    expect(first.counters.applied).toEqual({ balances: 2, statements: 1 })

    await first.stop()
    await deposit(second, '1', 1n)
    expect(await balanceOf(second, '1')).toBe(71n)
    await expect(first.execute(new DepositMoney({ accountId: '1', amount: 1n }))).rejects.toThrow('stopping')
  })

  it('of one definition share the work, and one takes it all over when the other stops', async () => {
    const url = await freshDatabase()
    const first = await Reprise.start(bank, quietly(url))
    await using second = await Reprise.start(bank, quietly(url))
    const lanesHeld = async (): Promise<number> => {
      const [row] = await ask<{ owners: number }>(
        url,
        `SELECT count(DISTINCT owner)::int AS owners FROM reprise_read.leases
         WHERE scope LIKE 'bank.balances.g1 %' AND expires_at > clock_timestamp()`,
      )
      return row?.owners ?? 0
    }
    await waitFor(async () => (await lanesHeld()) === 2, { what: 'both to hold lanes' })
    const ids = Array.from({ length: 12 }, (_, index) => String(index))
    await Promise.all(
      ids.map(async (accountId, index) => {
        const app = index % 2 === 0 ? first : second
        await app.execute(new OpenAccount({ accountId, owner: 'Ada' }))
        await deposit(app, accountId, 5n)
      }),
    )
    expect(first.counters.applied.balances).toBeGreaterThan(0)
    expect(second.counters.applied.balances).toBeGreaterThan(0)

    await first.stop()
    for (const accountId of ids) await deposit(second, accountId, 1n)

    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
    const applied = (first.counters.applied.balances ?? 0) + (second.counters.applied.balances ?? 0)
    expect(applied).toBe(36)
  })
})

describe('apps on the embedded server', () => {
  it('share it in one process, and the last one that stops stops it and leaves nothing behind', async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), 'reprise-apps-'))
    onTestFinished(() => rm(dataFolder, { recursive: true, force: true }))
    const child = await startBankProcess(
      `
const other = defineApp({ name: 'other', schemaPrefix: 'other', aggregates: [Account], projections: [Balances] })
const listeners = () => process.eventNames().map((name) => [String(name), process.listenerCount(name)])
const before = JSON.stringify(listeners())
const options = { dataFolder: process.env.TEST_FOLDER, log: 'postgres', logLevel: 'silent' }
const apps = await Promise.all([bank, other, bank].map((it) => Reprise.start(it, options)))
const balances = []
for (const app of apps.slice(0, 2)) {
  await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
  const receipt = await app.execute(new DepositMoney({ accountId: '1', amount: 5n }))
  await app.projections.caughtUp(Balances, receipt, { timeout: '20s' })
}
const [first, second, third] = apps
await first.stop()
await third.execute(new DepositMoney({ accountId: '1', amount: 2n }))
await third.stop()
const receipt = await second.execute(new DepositMoney({ accountId: '1', amount: 1n }))
await second.projections.caughtUp(Balances, receipt, { timeout: '20s' })
console.log(String((await second.read(Balances).select('balance').executeTakeFirst()).balance))
await second.stop()
console.log(JSON.stringify(listeners()) === before)
console.log(JSON.stringify(process.getActiveResourcesInfo().filter((name) => !/^(Pipe|TTY|FS)/.test(name))))
process.stdin.destroy()
`,
      { TEST_FOLDER: dataFolder, DATABASE_URL: '', NODE_ENV: '' },
    )

    expect(await child.nextLine()).toBe('6')
    expect(await child.nextLine()).toBe('true')
    expect(await child.nextLine()).toBe('[]')
    expect(await child.ended).toBe(0)
  })
})
