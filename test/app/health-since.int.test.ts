import { type App, Reprise, type StartOptions } from 'reprise'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bank } from '../support/bank.js'
import { componentOf } from '../support/component-health.js'
import { DatabaseProxy } from '../support/database-proxy.js'
import { openAccounts } from '../support/load.js'
import { ask, quietly, useFreshDatabases } from '../support/read-side.js'
import { RecordingLogger } from '../support/recording-logger.js'
import { waitFor } from '../support/wait-for.js'

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

async function start(options: StartOptions = {}, databaseUrl = url): Promise<App> {
  const app = await Reprise.start(bank, quietly(databaseUrl, options))
  opened.push(() => app.stop())
  return app
}

const sinceOf = async (app: App, kind: Parameters<typeof componentOf>[1]): Promise<number> =>
  Date.parse((await componentOf(app, kind)).since)

describe('since when a component is as it is', () => {
  it('is the start for what was well ever since, whenever somebody looks first', async () => {
    const app = await start()
    const started = Date.now()
    const receipts = await openAccounts(app, 2, 1)
    expect(receipts).toHaveLength(2)
    await waitFor(() => app.counters.applied['balances'] === 4 && app.counters.applied['statements'] === 2, {
      what: 'all to be applied, without asking for it',
    })

    const { components } = await app.health()

    expect(components.map(({ name, state }) => `${name} ${state}`)).toContain('balances ok')
    for (const { since } of components) expect(Date.parse(since)).toBeLessThanOrEqual(started)
  })

  it.each([
    ['relay', 'store', 'publishing events failed; it will be tried again'],
    ['projections', 'read', 'it could not be noted what this process feeds'],
  ] as const)(
    'is when the work of a process with the role %s found its %s away, though nobody asked',
    async (role, kind, said) => {
      const proxy = await DatabaseProxy.before(url)
      opened.push(() => proxy.close())
      await (await start()).stop()
      const logger = new RecordingLogger()
      // Its leases are renewed so seldom that a relay finds out by looking into its outbox.
      const lease = role === 'relay' ? 60_000 : 1_000
      const app = await start({ roles: [role], logger, lease }, proxy.url)
      const before = Date.now()

      proxy.shut()
      await waitFor(() => logger.lines.some(({ message }) => message === said), { what: said })
      const noticed = Date.now()

      const since = await sinceOf(app, kind)
      expect((await componentOf(app, kind)).state).toBe('down')
      proxy.reopen()
      expect(since).toBeGreaterThanOrEqual(before)
      expect(since).toBeLessThanOrEqual(noticed)
    },
  )

  it('is what the database says of letters and of lanes that wait', async () => {
    const app = await start({ roles: ['api'] })
    await (await start()).stop()
    await ask(
      url,
      `INSERT INTO reprise_read.parked_events (projection, generation, topic, partition, record_offset, record_key, headers,
         record_timestamp, error_class, definition, attempts, first_failed_at, last_failed_at)
       SELECT 'balances', 1, 'bank.account', 0, n, 'k', '{}', now(), 'contract', 'd', 1, at, now()
       FROM (VALUES (7, timestamptz '2026-03-02 10:00Z'), (8, timestamptz '2026-03-01 10:00Z')) AS l (n, at)`,
    )
    await ask(
      url,
      `UPDATE reprise_read.checkpoints SET waiting = 'something', waiting_since = '2026-03-03 10:00Z'
       WHERE projection = 'statements' AND partition = 0`,
    )

    expect(await componentOf(app, 'projection', 'balances')).toMatchObject({
      state: 'parked',
      since: '2026-03-01T10:00:00.000Z',
    })
    expect(await componentOf(app, 'projection', 'statements')).toMatchObject({
      state: 'waiting',
      since: '2026-03-03T10:00:00.000Z',
    })
  })
})
