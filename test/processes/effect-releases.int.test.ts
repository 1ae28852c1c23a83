import { beforeEach, describe, expect, it } from 'vitest'
import { type App, type AppDefinition, defineApp, type EffectsClass, Reprise } from 'reprise'
import {
  allActedOn,
  type AtDeposit,
  bankActing,
  type Deed,
  deposit,
  expectedKeys,
  keysOf,
  notesThat,
  open,
  widerNotesThat,
} from '../support/acting-bank.js'
import { Balances, WithdrawMoney } from '../support/bank.js'
import { caughtUpAll } from '../support/bank-facts.js'
import { ask, foldedBalances, quietly, shownBalances, useFreshDatabases } from '../support/read-side.js'
import { leftToOthers, RecordingLogger } from '../support/recording-logger.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
let deeds: Deed[] = []
beforeEach(async () => {
  url = await freshDatabase()
  deeds = []
})

const note: AtDeposit = (deed) => void deeds.push(deed)
const amounts = () => deeds.map(({ amount }) => amount)
const done = (count: number) => waitFor(() => deeds.length >= count, { what: `${count} deeds` })
/** What was acted on is counted once it is committed. */
const applied = (app: App, count: number) =>
  waitFor(() => app.counters.applied['notes'] === count, { what: `${count} to be committed` })
const start = (app: AppDefinition, more = {}): Promise<App> => Reprise.start(app, quietly(url, more))

/** The bank with these effects, and with balances, which have nothing to do with them. */
const release = (notes: EffectsClass): AppDefinition =>
  defineApp({ ...bankActing(notes), projections: [Balances] })
const older = () => release(notesThat(note))
const newer = () => release(widerNotesThat(note))

async function componentOf(app: App) {
  const { components } = await app.health()
  return components.find(({ kind }) => kind === 'effect')
}

/** As somebody does who gives up for good what the newer release acted on. */
const giveUpWithdrawals = () =>
  ask(url, `UPDATE reprise_read.generations SET event_types = '{MoneyDeposited}' WHERE projection = 'notes'`)

describe('a release that lacks what effects act on', () => {
  it('starts, and leaves them to the newer one, which goes on with them; all else of its process runs', async () => {
    await using two = await start(newer())
    await open(two, 'a')
    const logger = new RecordingLogger()

    await using one = await start(older(), { logger })
    await deposit(one, 'a', 10n)
    await one.execute(new WithdrawMoney({ accountId: 'a', amount: 4n }))
    await done(2)
    await allActedOn(url)
    await two.projections.caughtUp(
      Balances,
      await one.execute(new WithdrawMoney({ accountId: 'a', amount: 1n })),
    )
    await done(3)

    expect(amounts()).toEqual([10n, 4n, 1n])
    expect(one.counters.applied['notes'] ?? 0).toBe(0)
    expect(await componentOf(one)).toMatchObject({
      fedHere: false,
      aside: expect.stringContaining(
        'a newer release acts on MoneyWithdrawn, which this build has no handler for',
      ) as string,
    })
    expect(leftToOthers(logger)).toHaveLength(1)
    expect(logger.at('error')).toEqual([])
  })

  it('alone after a roll back executes commands and feeds projections: what effects miss waits for the newer one', async () => {
    await (await start(newer())).stop()
    const logger = new RecordingLogger()
    {
      await using back = await start(older(), { logger })
      await open(back, 'a')
      await deposit(back, 'a', 10n, 20n)
      await back.execute(new WithdrawMoney({ accountId: 'a', amount: 4n }))
      await caughtUpAll(back, url)
      expect(await shownBalances(url)).toEqual(await foldedBalances(url))
      await waitFor(async () => (await componentOf(back))?.state === 'waiting', { what: 'health to say so' })
      expect(deeds).toEqual([])
    }

    await using forth = await start(newer())
    await done(3)

    expect(amounts()).toEqual([10n, 20n, 4n])
    await applied(forth, 3)
    expect(leftToOthers(logger)).toHaveLength(1)
  })

  it('takes part again, without being started again, when it may', async () => {
    await (await start(newer())).stop()
    const logger = new RecordingLogger()
    await using back = await start(older(), { logger })
    await open(back, 'a')
    await deposit(back, 'a', 10n)
    expect(await componentOf(back)).toMatchObject({ fedHere: false })

    await giveUpWithdrawals()
    await done(1)

    await waitFor(async () => (await componentOf(back))?.state === 'ok', { what: 'it to be level' })
    expect(await componentOf(back)).toMatchObject({ fedHere: true, aside: null })
    expect(logger.at('info').map(({ message }) => message)).toContain(
      'this process takes part in these effects again',
    )
    expect(leftToOthers(logger)).toHaveLength(1)
  })
})

describe('a release that adds to what effects act on', () => {
  it('fences the older one at its start, which leaves them to it from then on and comes back when it may', async () => {
    const logger = new RecordingLogger()
    await using one = await start(older(), { logger })
    await open(one, 'a')
    await deposit(one, 'a', 10n)
    await done(1)

    const two = await start(newer())
    await one.execute(new WithdrawMoney({ accountId: 'a', amount: 4n }))
    await done(2)
    await allActedOn(url)

    expect(amounts()).toEqual([10n, 4n])
    await applied(two, 1)
    await waitFor(() => leftToOthers(logger).length === 1, { what: 'the older one to say so' })
    expect(await componentOf(one)).toMatchObject({
      fedHere: false,
      aside: expect.stringContaining('a newer release acts') as string,
    })

    await two.stop()
    await giveUpWithdrawals()
    await deposit(one, 'a', 7n)
    await done(3)
    expect(leftToOthers(logger)).toHaveLength(1)
  })
})

describe('letters of effects that another build failed at', () => {
  const broken = () => bankActing(notesThat(() => Promise.reject(new Error('planted')), { attempts: 1 }))
  const parked = async (): Promise<number> =>
    (await ask(url, 'SELECT FROM reprise_read.parked_events')).length

  /** The same effects, whose class says something else. */
  function mended(): AppDefinition {
    const Notes = notesThat(note)
    Object.defineProperty(Notes, 'toString', { value: () => 'class Notes { /* mended */ }' })
    return bankActing(Notes)
  }

  async function leaveLetters(): Promise<void> {
    await using app = await start(broken())
    await open(app, 'a')
    await deposit(app, 'a', 1n, 2n)
    await allActedOn(url)
  }

  it('are offered by its start, and not by that of the build that failed', async () => {
    await leaveLetters()
    const offersOf = async (app: AppDefinition, waits: boolean) => {
      const logger = new RecordingLogger()
      await using running = await start(app, { logger })
      const offers = () =>
        logger.at('warn').filter(({ message }) => message.includes('run reprise dlq retry'))
      if (waits) await waitFor(() => offers().length > 0, { what: 'the offer' })
      await running.stop()
      return offers()
    }

    expect(await offersOf(broken(), false)).toEqual([])
    expect(await offersOf(mended(), true)).toEqual([
      {
        level: 'warn',
        facts: { effects: 'notes', letters: 1 },
        message:
          'another build failed at dead letters, which this one may act on: run reprise dlq retry notes --all',
      },
    ])
    expect(deeds).toEqual([])
    expect(await parked()).toBe(2)
  })

  it('are retried once where that is configured, in order, under the same keys, by whichever of its processes', async () => {
    await leaveLetters()

    await using one = await start(mended(), { retryLetters: true })
    await using two = await start(mended(), { retryLetters: true })
    await waitFor(async () => (await parked()) === 0, { what: 'the letters to be gone' })
    await Promise.all([one.stop(), two.stop()])

    expect(amounts()).toEqual([1n, 2n])
    expect(keysOf(deeds)).toEqual(await expectedKeys(url))
    expect(await ask(url, 'SELECT DISTINCT actor FROM reprise_read.audit_log')).toEqual([
      { actor: 'a start with REPRISE_RETRY_LETTERS' },
    ])
  })

  it('that the retry fails at again are not offered to that build any more', async () => {
    await leaveLetters()
    let tries = 0
    const Notes = notesThat(() => Promise.reject(new Error(`planted again ${++tries}`)), { attempts: 1 })
    Object.defineProperty(Notes, 'toString', { value: () => 'class Notes { /* still broken */ }' })
    const still = bankActing(Notes)
    for (const at of [1, 2]) {
      await using app = await start(still, { retryLetters: true })
      if (at === 1) await waitFor(() => tries > 0, { what: 'the retry' })
      await app.stop()
    }

    expect(tries).toBe(1)
    expect(await parked()).toBe(2)
  })
})
