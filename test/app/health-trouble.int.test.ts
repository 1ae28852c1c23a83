import { type App, Reprise, type StartOptions } from 'reprise'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bank, DepositMoney } from '../support/bank.js'
import { becomes, componentOf, isWell } from '../support/component-health.js'
import { openAccounts } from '../support/load.js'
import { ask, quietly, useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

const opened: (() => Promise<void>)[] = []
// Before their databases are dropped.
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

async function start(options: StartOptions = {}): Promise<App> {
  const app = await Reprise.start(bank, quietly(url, { stallAfter: 1_000, ...options }))
  opened.push(() => app.stop())
  return app
}

/** A letter on its way, as whoever parks an event leaves it. */
const letterTo = (topic: string) =>
  ask(
    url,
    `INSERT INTO reprise_read.outbox (slot, topic, key, headers, value) VALUES (7, $1, 'acc-0', '{}', '\\x7b7d')`,
    [topic],
  )

describe('health of dead letters on their way', () => {
  it('counts them apart from what projections wait for, and says that nobody publishes them', async () => {
    const api = await start({ roles: ['api'] })
    await letterTo('bank.account.DLT')

    const letters = await componentOf(api, 'letters')
    expect(letters).toMatchObject({ unpublished: 1, refused: 0, slots: { held: 0, relays: 0 } })
    expect(letters.oldestAgeMs).toBeGreaterThanOrEqual(0)
    expect((await api.health()).lag).toMatchObject({ unpublished: 0, letters: 1 })
    await becomes('them to stand still', async () => (await componentOf(api, 'letters')).state === 'stalled')

    await start({ roles: ['relay'] })
    await becomes('them to be published', async () => {
      const { state, unpublished, slots } = await componentOf(api, 'letters')
      return state === 'ok' && unpublished === 0 && slots?.held === 64
    })
  })

  it('says why they are not published, and that the process is of use all the same', async () => {
    const relay = await start({ roles: ['relay'] })
    await letterTo('bank.nothing.DLT')

    await becomes('it to be noticed', async () => (await componentOf(relay, 'letters')).state === 'stalled')
    const { lastError, unpublished } = await componentOf(relay, 'letters')
    expect(lastError?.message).toContain('topic bank.nothing.DLT takes nothing')
    expect(unpublished).toBe(1)
    expect((await componentOf(relay, 'outbox')).state).toBe('ok')
    expect(await relay.health()).toMatchObject({ status: 'degraded', ready: true })
  })

  it('names rows that the log refused', async () => {
    const app = await start({ roles: ['api'] })
    await ask(
      url,
      `INSERT INTO reprise_read.parked_outbox (id, slot, topic, key, headers, recorded_at, reason)
       VALUES (1, 7, 'bank.account.DLT', 'acc-0', '{}', now(), 'it is too large')`,
    )

    expect(await componentOf(app, 'letters')).toMatchObject({ state: 'parked', refused: 1 })
  })
})

describe('health of an outbox with a topic that takes nothing', () => {
  it('is stalled, and not down, while the others are published to; it says why, and is well once that is over', async () => {
    const app = await start({ roles: ['api', 'relay'] })
    await openAccounts(app, 1, 1)
    await becomes('all to be published', async () => (await app.health()).lag.unpublished === 0)
    await ask(url, `UPDATE reprise_store.topics SET name = 'aside' WHERE name = 'bank.account'`)
    await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 1n }))

    await becomes('it to be noticed', async () => (await componentOf(app, 'outbox')).state === 'stalled')
    const { lastError, unpublished } = await componentOf(app, 'outbox')
    expect(lastError?.message).toContain('topic bank.account takes nothing')
    expect(unpublished).toBe(1)
    expect((await componentOf(app, 'store')).state).toBe('ok')

    await ask(url, `UPDATE reprise_store.topics SET name = 'bank.account' WHERE name = 'aside'`)
    await becomes('all to be published', async () => (await app.health()).lag.unpublished === 0)
    expect((await componentOf(app, 'outbox')).state).toBe('ok')
  })
})

describe('health of a projection whose batches fail at what passes', () => {
  it('says so with the error and since when, and that it is well again', async () => {
    const app = await start()
    const [account = ''] = await openAccounts(app, 1, 1)
    await becomes('all to be projected', async () => (await app.health()).lag.total === 0)
    await ask(
      url,
      `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'planted conflict' USING ERRCODE = '40001'; END $$`,
    )
    await ask(
      url,
      `CREATE TRIGGER fail BEFORE UPDATE ON reprise_read.checkpoints FOR EACH ROW
       WHEN (OLD.projection = 'balances' AND NEW.next_offset > OLD.next_offset) EXECUTE FUNCTION fail()`,
    )
    const before = new Date()
    await app.execute(new DepositMoney({ accountId: account, amount: 1n }))

    await becomes('it to be tried again', async () => {
      return (await componentOf(app, 'projection', 'balances')).state === 'retrying'
    })
    const { lastError, since } = await componentOf(app, 'projection', 'balances')
    expect(lastError?.message).toContain('planted conflict')
    expect(new Date(since).getTime()).toBeGreaterThanOrEqual(before.getTime())
    expect(new Date(since).getTime()).toBeLessThanOrEqual(Date.now())
    expect(await app.health()).toMatchObject({ status: 'degraded', ready: true })
    expect((await componentOf(app, 'projection', 'statements')).state).toBe('ok')

    await ask(url, 'DROP FUNCTION fail CASCADE')
    await becomes('it to be well', () => isWell(app))
    expect((await componentOf(app, 'projection', 'balances')).lastError?.message).toContain('planted')
  })
})
