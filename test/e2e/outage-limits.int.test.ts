import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type App, OutcomeUnknown, OverloadedError, Reprise, type StartOptions, StopTimedOut } from 'reprise'
import { bank, DepositMoney } from '../support/bank.js'
import { DatabaseProxy } from '../support/database-proxy.js'
import { openAccounts } from '../support/load.js'
import { ask, quietly, Reader, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
let proxy: DatabaseProxy
beforeEach(async () => {
  url = await freshDatabase()
  proxy = await DatabaseProxy.before(url)
})

const opened: (() => Promise<unknown>)[] = []
// Before their databases are dropped.
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
  await proxy.close()
})

async function start(options: StartOptions = {}): Promise<App> {
  const app = await Reprise.start(bank, quietly(proxy.url, { roles: ['api'], ...options }))
  opened.push(() => app.stop().catch(() => undefined))
  return app
}

const deposit = (accountId: string, amount = 1n) => new DepositMoney({ accountId, amount })

const rejection = async (
  work: Promise<unknown>,
): Promise<{ readonly error: unknown; readonly after: number }> => {
  const begun = performance.now()
  const error = await work.then(
    () => 'it was accepted',
    (it: unknown) => it,
  )
  return { error, after: performance.now() - begun }
}

const depositsOf = async (account: string): Promise<number> => {
  const [row] = await ask<{ count: number }>(
    url,
    `SELECT count(*)::int AS count FROM reprise_store.events WHERE stream_id = $1 AND type = 'MoneyDeposited'`,
    [account],
  )
  return row?.count ?? -1
}

function comeBack(): void {
  // A machine that comes back knows nothing of the connections it had.
  proxy.shut()
  proxy.reopen()
}

describe('a command while the store is away', () => {
  it.each(['shut', 'fallSilent', 'vanish'] as const)(
    'is answered in time with a retriable error after %s, and accepted once when tried again with its id',
    async (outage) => {
      await openAccounts(await start(), 1, 0)
      const app = await start({ commandTimeout: 2_000 })
      proxy[outage]()

      const { error, after } = await rejection(app.execute(deposit('acc-0'), { commandId: 'one' }))
      expect(error).toBeInstanceOf(OutcomeUnknown)
      expect(error).toMatchObject({ retriable: true })
      expect(after).toBeLessThan(3_000)

      comeBack()
      const receipt = await waitFor(() => app.execute(deposit('acc-0'), { commandId: 'one' }), {
        what: 'the command to be accepted',
        deadline: 30_000,
      })
      expect(receipt.version).toBe(2)
      expect(await depositsOf('acc-0')).toBe(1)
    },
    60_000,
  )

  it('is given up unbegun when its turn does not come in time: it is not stored later', async () => {
    await openAccounts(await start(), 1, 0)
    const app = await start({ commandTimeout: 1_000 })
    await using blocker = await Reader.open(url)
    await blocker.rows('BEGIN')
    await blocker.rows(`SELECT FROM reprise_store.streams WHERE id = 'acc-0' FOR UPDATE`)

    const first = rejection(app.execute(deposit('acc-0', 5n)))
    const others = await Promise.all(
      [1n, 2n].map((amount) => rejection(app.execute(deposit('acc-0', amount)))),
    )
    expect((await first).error).toBeInstanceOf(OutcomeUnknown)
    for (const { error, after } of others) {
      expect(error).toBeInstanceOf(OverloadedError)
      expect(error).toMatchObject({ code: 'REPRISE_OVERLOADED', retriable: true })
      expect(after).toBeLessThan(2_000)
    }

    await blocker.rows('ROLLBACK')
    // The one that was begun is stored after all, and nothing else.
    await app.execute(deposit('acc-0', 7n))
    expect(await depositsOf('acc-0')).toBe(2)
  })

  it('is refused at once when too many wait already, and taken again when there is room', async () => {
    const accounts = await openAccounts(await start(), 25, 0)
    const app = await start({ commandTimeout: 1_500, maxCommands: 20 })
    proxy.vanish()

    const outcomes = await Promise.all(accounts.map((account) => rejection(app.execute(deposit(account)))))

    const refused = outcomes.filter(({ error }) => error instanceof OverloadedError)
    expect(refused).toHaveLength(5)
    for (const { after } of refused) expect(after).toBeLessThan(500)
    expect(outcomes.filter(({ error }) => error instanceof OutcomeUnknown)).toHaveLength(20)
    expect((await app.health()).components.find(({ kind }) => kind === 'commands')).toMatchObject({
      state: 'overloaded',
      underWay: 20,
      limit: 20,
    })

    comeBack()
    await waitFor(() => app.execute(deposit('acc-0')), { what: 'commands to be taken', deadline: 30_000 })
  })
})

describe('stop', () => {
  it.each(['shut', 'vanish'] as const)(
    'ends by its deadline after %s, and says what had not ended',
    async (outage) => {
      const app = await start({ roles: 'all', shutdownTimeout: 2_000 })
      await openAccounts(app, 2, 1)
      proxy[outage]()
      const underWay = rejection(app.execute(deposit('acc-0')))

      const { error, after } = await rejection(app.stop())

      expect(after).toBeLessThan(4_000)
      if (outage === 'vanish') expect(error).toBeInstanceOf(StopTimedOut)
      expect((await underWay).error).toMatchObject({ retriable: true })
      // What was cut off lets go of the process.
      proxy.shut()
    },
    60_000,
  )

  it('cuts off a command that a stranger holds up, whose outcome its caller can look up', async () => {
    const app = await start({ roles: 'all', shutdownTimeout: 1_000 })
    await openAccounts(app, 1, 0)
    await using blocker = await Reader.open(url)
    await blocker.rows('BEGIN')
    await blocker.rows(`SELECT FROM reprise_store.streams WHERE id = 'acc-0' FOR UPDATE`)
    const underWay = rejection(app.execute(deposit('acc-0'), { commandId: 'held' }))

    const { error } = await rejection(app.stop())

    expect(error).toMatchObject({
      code: 'REPRISE_STOP_TIMED_OUT',
      facts: { unfinished: 'the commands under way', timeoutMs: 1_000 },
    })
    const answered = await underWay
    expect(answered.error).toBeInstanceOf(OutcomeUnknown)
    expect(answered.after).toBeLessThan(4_000)
    await blocker.rows('ROLLBACK')
    const next = await start()
    await next.execute(deposit('acc-0'), { commandId: 'held' })
    expect(await depositsOf('acc-0')).toBe(1)
  })
})
