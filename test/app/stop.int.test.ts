import { beforeEach, describe, expect, it } from 'vitest'
import {
  Aggregate,
  AggregateRoot,
  Applies,
  Command,
  defineApp,
  DomainEvent,
  Handles,
  long,
  Reprise,
  type StateOf,
  string,
} from 'reprise'
import { modelOf } from '../../src/app/app-model.js'
import { compose } from '../../src/app/composition.js'
import { openInstallation } from '../../src/app/installation.js'
import { RunningApp } from '../../src/app/running-app.js'
import { settingsFor } from '../../src/app/settings.js'
import { TOKENS } from '../../src/app/tokens.js'
import { bank, OpenAccount } from '../support/bank.js'
import { ask, quietly, useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
// A connection that is left open fails the test when its database is dropped.
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

class Counted extends DomainEvent('Counted', { by: long() }) {}
class Count extends Command('Count', { id: string(), by: long() })('id') {}

@Aggregate({
  name: 'counter',
  events: [Counted],
  state: { version: 1, fields: { total: long() } },
  snapshots: { every: 1 },
})
class Counter extends AggregateRoot<Counted> {
  private total = 0n

  @Handles(Count, { expect: 'any' })
  count({ by }: Count) {
    this.emit(new Counted({ by }))
  }

  @Applies(Counted)
  counted({ by }: Counted) {
    this.total += by
  }

  state() {
    return { total: this.total }
  }

  restore({ total }: StateOf<Counter>) {
    this.total = total
  }
}
const counters = defineApp({ name: 'counters', aggregates: [Counter] })

const isStored = async (): Promise<number> => {
  const [row] = await ask<{ count: number }>(url, 'SELECT count(*)::int AS count FROM reprise_store.events')
  return row?.count ?? 0
}

describe('stop', () => {
  it('lets commands finish that are under way, and refuses those that come later', async () => {
    const app = await Reprise.start(bank, quietly(url))
    const underWay = Array.from({ length: 50 }, (_, n) =>
      app.execute(new OpenAccount({ accountId: String(n), owner: 'Ada' })),
    )

    const stopping = app.stop()
    await expect(app.execute(new OpenAccount({ accountId: 'late', owner: 'Ada' }))).rejects.toThrow(
      'stopping',
    )
    await expect(
      app.executeAll([new OpenAccount({ accountId: 'later', owner: 'Ada' })]),
    ).rejects.toMatchObject({ code: 'REPRISE_APP_STOPPED', retriable: false })
    await stopping

    expect(await Promise.all(underWay)).toHaveLength(50)
    expect(await isStored()).toBe(50)
  })

  it('writes the snapshots that were taken', async () => {
    const app = await Reprise.start(counters, quietly(url))
    const ids = Array.from({ length: 40 }, (_, id) => String(id))
    await Promise.all(
      ids.map(async (id) => {
        for (let n = 0; n < 3; n++) await app.execute(new Count({ id, by: 1n }))
      }),
    )

    await app.stop()

    const rows = await ask<{ version: number }>(
      url,
      'SELECT max(version)::int AS version FROM reprise_store.snapshots GROUP BY stream_id',
    )
    expect(rows).toEqual(ids.map(() => ({ version: 3 })))
  })

  it('may be called again, and at the same time', async () => {
    const app = await Reprise.start(bank, quietly(url))

    const first = app.stop()
    expect(app.stop()).toBe(first)
    await first
    await app.stop()
    await app[Symbol.asyncDispose]()
  })

  it.each([['all'], [['api']], [['relay']], [['projections']]] as const)(
    'of the roles %j leaves no timer, connection or listener behind',
    async (roles) => {
      const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
      await (await Reprise.start(bank, quietly(url, { roles }))).stop()

      const after = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
      expect(after).toBeLessThanOrEqual(before)
    },
  )

  it('during the start waits for it, and leaves nothing running', async () => {
    const installation = await openInstallation(modelOf(bank), settingsFor(bank, quietly(url)))
    const container = compose(installation)
    const app = new RunningApp({
      installation,
      history: container.get(TOKENS.storedHistory),
      inline: container.get(TOKENS.inline),
      bus: container.get(TOKENS.commandBus),
      relay: container.get(TOKENS.relay),
    })

    const starting = app.start()
    await app.stop()
    await starting

    expect(await ask(url, 'SELECT member FROM reprise_read.lease_members')).toEqual([])
    expect(await ask(url, 'SELECT member FROM reprise_store.relay_members')).toEqual([])
  })

  it('is done after a start that failed, whatever had been started by then', async () => {
    await (await Reprise.start(bank, quietly(url))).stop()
    // One projection can be joined, and the other not.
    await ask(url, `UPDATE reprise_read.generations SET shape = 'another' WHERE projection = 'statements'`)

    await expect(Reprise.start(bank, quietly(url))).rejects.toThrow('statements')
  })
})
