import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type App,
  type AppDefinition,
  defineApp,
  long,
  Projection,
  Projects,
  Reprise,
  type Role,
  string,
  TableProjection,
} from 'reprise'
import { allActedOn, bankActing, deposit, notesThat, open } from '../support/acting-bank.js'
import { Account, MoneyDeposited } from '../support/bank.js'
import { becomes, componentOf, isWell } from '../support/component-health.js'
import { quietly, useFreshDatabases } from '../support/read-side.js'

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

/** Milliseconds: less than the pauses between tries. */
const STALL_AFTER = 1_000

async function start(definition: AppDefinition, ...roles: Role[]): Promise<App> {
  const app = await Reprise.start(definition, quietly(url, { stallAfter: STALL_AFTER, roles }))
  opened.push(() => app.stop())
  return app
}

/** Fails until it was tried so many times. */
class Failing {
  tries = 0

  constructor(readonly times: number) {}

  readonly work = (): void => {
    if (++this.tries <= this.times) throw new Error('planted')
  }
}

function effectThat(failing: Failing): AppDefinition {
  return bankActing(notesThat(failing.work))
}

function projectionThat(failing: Failing): AppDefinition {
  @Projection({ name: 'notes', version: 1, from: [Account], attempts: 20 })
  class Notes extends TableProjection({
    table: 'notes',
    key: 'account_id',
    columns: { account_id: string(), total: long(0n) },
  }) {
    @Projects(MoneyDeposited)
    deposited() {
      failing.work()
    }
  }
  return defineApp({ name: 'bank', aggregates: [Account], projections: [Notes] })
}

describe('health of what is tried again by count, for longer than work may stand still', () => {
  it.each([
    // In its batch, and alone with pauses of about a second, two and four.
    ['an effect', 'effect', effectThat, 4],
    // With pauses of up to a second.
    ['a projection', 'projection', projectionThat, 10],
  ] as const)(
    'says of %s in each process that it is retried, all the while, and keeps them ready',
    async (_what, kind, definitionThat, times) => {
      const failing = new Failing(times)
      const definition = definitionThat(failing)
      // One of them has the lane; the other one is there for the same work alone.
      const workers = [await start(definition, 'projections'), await start(definition, 'projections')]
      const api = await start(definition, 'api', 'relay')
      await open(api, 'a')
      await deposit(api, 'a', 1n)

      const seen: { readonly by: App; readonly ready: boolean; readonly state: string }[] = []
      await becomes('it to be tried to the end', async () => {
        for (const by of workers) {
          const { ready } = await by.health()
          seen.push({ by, ready, state: (await componentOf(by, kind, 'notes')).state })
        }
        return failing.tries > times
      })

      const wrong = seen.filter(({ ready, state }) => !ready || state === 'stalled')
      expect(wrong.map(({ ready, state }) => ({ ready, state }))).toEqual([])
      const retried = seen.filter(({ state }) => state === 'retrying').map(({ by }) => by)
      expect(new Set(retried)).toEqual(new Set(workers))
      await allActedOn(url)
      for (const app of workers) await becomes('it to be well', () => isWell(app))
      const errors = await Promise.all(
        workers.map(async (app) => (await componentOf(app, kind, 'notes')).lastError),
      )
      expect(errors.map((it) => it?.message).join()).toContain('planted')
    },
    40_000,
  )
})
