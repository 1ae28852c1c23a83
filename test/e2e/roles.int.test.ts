import { beforeEach, describe, expect, it } from 'vitest'
import { ConfigurationError, Reprise } from 'reprise'
import { Balances, bank, DepositMoney, OpenAccount } from '../support/bank.js'
import { caughtUpAll } from '../support/bank-facts.js'
import { startBankProcess } from '../support/bank-process.js'
import type { ModuleProcess } from '../support/module-process.js'
import { ask, foldedBalances, quietly, shownBalances, useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

/**
 * An app in a process of its own that has only these roles. It says `runs`, and what it has done when it was stopped. The
 * process ends by itself, with nothing left to wait for.
 */
async function startRoles(roles: string): Promise<ModuleProcess> {
  const process = await startBankProcess(
    `
const app = await Reprise.start(bank, { databaseUrl: process.env.TEST_URL, log: 'postgres', lease: 1000, logLevel: 'silent' })
console.log('runs ' + app.surroundings.roles)
process.stdin.once('data', async (line) => {
  if (String(line).startsWith('transact')) {
    await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
    for (let n = 1n; n <= 20n; n++) await app.execute(new DepositMoney({ accountId: '1', amount: n }))
    const receipt = await app.execute(new DepositMoney({ accountId: '1', amount: 5n }))
    await app.projections.caughtUp(Balances, receipt, { timeout: '20s' })
    const [{ balance }] = await app.read(Balances).select('balance').execute()
    console.log('balance ' + balance)
    process.stdin.once('data', end)
  } else await end()
})
async function end() {
  await app.stop()
  const { appended, published, applied } = app.counters
  console.log(JSON.stringify({ appended, published, applied }))
  process.stdin.destroy()
}
`,
    { TEST_URL: url, REPRISE_ROLES: roles },
  )
  expect(await process.nextLine()).toBe(`runs ${roles}`)
  return process
}

async function end(process: ModuleProcess): Promise<unknown> {
  process.send('end')
  const done: unknown = JSON.parse(await process.nextLine())
  expect(await process.ended).toBe(0)
  return done
}

describe('an app in three processes of one role each', () => {
  it('shows in the read model what was commanded, and stops cleanly', async () => {
    const projections = await startRoles('projections')
    const relay = await startRoles('relay')
    const api = await startRoles('api')

    api.send('transact')

    expect(await api.nextLine()).toBe('balance 215')
    expect(await end(api)).toEqual({ appended: 22, published: 0, applied: {} })
    expect(await end(relay)).toEqual({ appended: 0, published: 22, applied: {} })
    expect(await end(projections)).toEqual({
      appended: 0,
      published: 0,
      applied: { balances: 22, statements: 21 },
    })
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
  })
})

describe('a process', () => {
  it.each(['relay', 'projections'] as const)(
    'of the role %s takes no commands, and says why',
    async (role) => {
      await using app = await Reprise.start(bank, quietly(url, { roles: [role] }))

      const failure = app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))

      await expect(failure).rejects.toBeInstanceOf(ConfigurationError)
      await expect(failure).rejects.toThrow(
        `REPRISE_ROLES is ${role}, and commands are executed by the role api`,
      )
      await expect(app.executeAll([])).rejects.toBeInstanceOf(ConfigurationError)
    },
  )

  it('without the role relay publishes nothing: another one does as soon as it is there', async () => {
    await using api = await Reprise.start(bank, quietly(url, { roles: ['api', 'projections'] }))
    const receipt = await api.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
    await expect(api.projections.caughtUp(Balances, receipt, { timeout: '1s' })).rejects.toMatchObject({
      code: 'REPRISE_TIMED_OUT',
    })
    expect(await ask(url, 'SELECT count(*)::int AS waiting FROM reprise_store.outbox')).toEqual([
      { waiting: 1 },
    ])

    await using relay = await Reprise.start(bank, quietly(url, { roles: ['relay'] }))
    await api.projections.caughtUp(Balances, receipt, { timeout: '20s' })

    expect(relay.counters).toMatchObject({ appended: 0, published: 1, applied: {} })
    expect(api.counters).toMatchObject({ appended: 1, published: 0 })
  })

  it('without the role projections reads and waits all the same, and holds no lane', async () => {
    await using api = await Reprise.start(bank, quietly(url, { roles: ['api', 'relay'] }))
    await using projections = await Reprise.start(bank, quietly(url, { roles: ['projections'] }))
    await api.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
    await api.execute(new DepositMoney({ accountId: '1', amount: 5n }))

    await caughtUpAll(api, url)

    expect(await api.read(Balances).select('balance').execute()).toEqual([{ balance: 5n }])
    expect(api.counters.applied).toEqual({})
    expect(projections.counters.applied).toMatchObject({ balances: 2 })
    // Of those who publish dead letters it says nothing: that is the relay's part.
    const members = "SELECT DISTINCT member FROM reprise_read.lease_members WHERE scope <> 'outbox'"
    expect((await ask(url, members)).length).toBe(2)
  })

  it('of the role relay is woken by the appends of others', async () => {
    await using relay = await Reprise.start(bank, quietly(url, { roles: ['relay'] }))
    await using api = await Reprise.start(bank, quietly(url, { roles: ['api', 'projections'] }))
    const took: number[] = []
    await api.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
    for (let n = 0; n < 8; n++) {
      const began = performance.now()
      await api.projections.caughtUp(
        Balances,
        await api.execute(new DepositMoney({ accountId: '1', amount: 1n })),
      )
      took.push(performance.now() - began)
    }

    expect(relay.counters.published).toBe(9)
    // A relay that only polls looks every half a second.
    expect(took.sort((a, b) => a - b)[3]).toBeLessThan(150)
  })
})
