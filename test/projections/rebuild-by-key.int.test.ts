import { beforeEach, describe, expect, it } from 'vitest'
import {
  type AppDefinition,
  defineApp,
  Projection,
  EventParked,
  Projects,
  RebuildRefused,
  Reprise,
  type Row,
  TableProjection,
} from 'reprise'
import { projectionStatus } from '../../src/projections/projection-status.js'
import { planRebuild, type RebuildPlan, type RebuildProgress } from '../../src/projections/rebuild.js'
import { Account, DepositMoney, MoneyDeposited } from '../support/bank.js'
import { lettersIn } from '../support/hand-fed.js'
import { Load, openAccounts } from '../support/load.js'
import { bothCaughtUp, entered, expectBothToEqualTheStore } from '../support/meeting-facts.js'
import { Journal, meetingBank, Turnover } from '../support/meeting-rows.js'
import { ask, quietly, ReadSide, rebuildOf, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

/** Turnover by the last digit, which has no key for deposits of 13. */
function turnoverWithout(key: unknown): AppDefinition {
  @Projection({
    name: 'turnover',
    version: 1,
    from: [Account],
    key: (event) =>
      'amount' in event ? (event.amount === 13n ? (key as string) : `ends in ${event.amount % 10n}`) : '',
    across: 'commutative',
  })
  class Faulty extends TableProjection({ table: 'turnover', key: 'digit', columns: Turnover.columns }) {
    @Projects(MoneyDeposited)
    deposited({ amount }: MoneyDeposited, row: Row<typeof Turnover>) {
      row.total += amount
      row.sample = 'set'
    }
  }
  return defineApp({ ...meetingBank, projections: [Faulty, Journal] })
}

describe('a rebuild of an ordered projection', () => {
  it('reads the store in its order while appends go on, and is swapped when it is level', async () => {
    await using app = await Reprise.start(meetingBank, quietly(url))
    const accounts = await openAccounts(app, 8, 20)
    const load = Load.on(app, accounts, 4)
    const plans: RebuildPlan[] = []
    const shown: RebuildProgress[] = []

    const result = await rebuildOf(url, 'journal', {
      app: meetingBank,
      onPlan: (plan) => void plans.push(plan),
      onProgress: (progress) => shown.push(progress),
    })

    await load.end()
    await bothCaughtUp(app, url)
    expect(plans).toMatchObject([
      {
        source: 'store',
        reason: 'only the store has the order of events over all streams',
        live: 1,
        building: 2,
      },
    ])
    expect(plans[0]?.events).toBeGreaterThanOrEqual(8 * 21)
    expect(result).toMatchObject({ generation: 2, previous: 1, source: 'store' })
    const done = shown.filter(({ phase }) => phase === 'replaying').map((it) => it.done)
    expect(done).toEqual(done.toSorted((a, b) => a - b))
    expect(done.at(-1)).toBe(plans[0]?.events)
    await expectBothToEqualTheStore(url)
    expect(
      await ask(
        url,
        `SELECT topic, partition FROM reprise_read.checkpoints WHERE projection = 'journal' AND generation = 2`,
      ),
    ).toEqual([{ topic: 'store:bank', partition: 0 }])
  }, 60_000)

  it('is refused from the log, with the reason', async () => {
    await using app = await Reprise.start(meetingBank, quietly(url))
    await openAccounts(app, 2, 1)
    await using side = await ReadSide.open(url, meetingBank)

    await expect(planRebuild(side.parts('journal'), 'log')).rejects.toThrow(RebuildRefused)
    await expect(rebuildOf(url, 'journal', { app: meetingBank, from: 'log' })).rejects.toThrow(
      'its events come in the order of the store, and no topic has that: rebuild from the store',
    )
    expect(await planRebuild(side.parts('journal'), 'store')).toMatchObject({
      reason: 'asked for',
      events: 4,
    })
  })

  it('is done of an empty store, and of one whose last events are not its own', async () => {
    await using app = await Reprise.start(meetingBank, quietly(url))

    expect(await rebuildOf(url, 'journal', { app: meetingBank })).toMatchObject({ generation: 2, events: 0 })

    await openAccounts(app, 2, 2)
    await ask(
      url,
      `INSERT INTO reprise_store.events
         (stream_type, stream_id, version, event_id, type, schema_version, payload, metadata, occurred_at)
       VALUES ('stranger', 'x', 1, gen_random_uuid(), 'Seen', 1, '{}', '{}', now())`,
    )
    expect(await rebuildOf(url, 'journal', { app: meetingBank })).toMatchObject({ generation: 3, events: 6 })
    expect(await entered(url)).toBe(6)
  })
})

describe('a rebuild of a commutative projection', () => {
  it.each(['log', 'store'] as const)(
    'from the %s gives what the fold of the store is, while appends go on',
    async (from) => {
      await using app = await Reprise.start(meetingBank, quietly(url))
      const accounts = await openAccounts(app, 8, 20)
      await bothCaughtUp(app, url)
      const load = Load.on(app, accounts, 4)

      const result = await rebuildOf(url, 'turnover', { app: meetingBank, from })

      await load.end()
      await bothCaughtUp(app, url)
      expect(result).toMatchObject({ generation: 2, source: from })
      await expectBothToEqualTheStore(url)
    },
    60_000,
  )
})

describe('a projection whose event has no usable key', () => {
  it.each([
    ['an empty one', '', 'must not be empty'],
    ['a long one', 'x'.repeat(513), 'must not be longer than 512 bytes'],
    ['null', null, 'must be a string, not null'],
  ])(
    'has it parked under its stream when it is %s, and has applied what came before',
    async (_, key, problem) => {
      const definition = turnoverWithout(key)
      const [faulty = Turnover] = definition.projections
      await using app = await Reprise.start(definition, quietly(url))
      await openAccounts(app, 1, 12)

      const receipt = await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 13n }))
      await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 1n }))
      const failure: unknown = await app.projections
        .caughtUp(faulty, receipt, { timeout: '20s' })
        .catch((error: unknown) => error)
      await app.projections.caughtUp(Journal, { ...receipt, version: 15 })

      expect(failure).toBeInstanceOf(EventParked)
      expect(failure).toMatchObject({ facts: { stream: 'account-acc-0', version: 14 } })
      await waitFor(async () => (await lettersIn(url, 'turnover')).length === 2, {
        what: 'the letter behind',
      })
      expect(await lettersIn(url, 'turnover')).toMatchObject([
        { key: 'account-acc-0', version: 14, type: 'MoneyDeposited', class: 'handler' },
        { key: 'account-acc-0', version: 15, class: 'waiting' },
      ])
      expect(String(failure)).toContain(
        `invalid values for what key of projection turnover gave for MoneyDeposited: ${problem}`,
      )
      expect(await ask(url, 'SELECT sum(total)::int AS total FROM bank.turnover')).toEqual([{ total: 78 }])
    },
  )
})

describe('the status of an ordered projection', () => {
  it('counts what it lacks in events, not in positions', async () => {
    {
      await using app = await Reprise.start(meetingBank, quietly(url))
      await openAccounts(app, 2, 2)
      await bothCaughtUp(app, url)
    }
    await ask(url, `SELECT setval('reprise_store.events_position_seq', 1000)`)
    await using app = await Reprise.start(meetingBank, quietly(url, { roles: ['api'] }))
    await openAccounts(app, 1, 3, 'late')
    await using side = await ReadSide.open(url, meetingBank)

    const status = await projectionStatus(side.parts('journal'))

    expect(status).toMatchObject({
      generation: 1,
      lag: 4n,
      lanes: [{ topic: 'store:bank', partition: 0, next: 7n, end: 1005n }],
    })
    expect(await entered(url)).toBe(6)
  })
})
