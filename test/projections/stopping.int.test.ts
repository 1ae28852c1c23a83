import { beforeEach, describe, expect, it } from 'vitest'
import { type App, DefinitionError, ProjectionStopped, Reprise, TimedOut } from 'reprise'
import { ProjectionRunner } from '../../src/projections/projection-runner.js'
import { Balances, bank, DepositMoney, OpenAccount, Statements, Touch } from '../support/bank.js'
import { NarrowBalances } from '../support/bank-releases.js'
import { bankWith } from '../support/bank-variants.js'
import {
  ask,
  foldedBalances,
  quietly,
  ReadSide,
  shownBalances,
  useFreshDatabases,
} from '../support/read-side.js'
import { RecordingLogger } from '../support/recording-logger.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

/** A release with a bug: the balances cannot take 666. */
const failing = bankWith(({ amount }) => {
  if (amount === 666n) throw new TypeError('planted at 666')
})
const FailingBalances = failing.projections[0] as typeof Balances

async function account(app: App, accountId: string, ...amounts: readonly bigint[]) {
  let receipt = await app.execute(new OpenAccount({ accountId, owner: 'Ada' }))
  for (const amount of amounts) receipt = await app.execute(new DepositMoney({ accountId, amount }))
  return receipt
}

const stateInDatabase = () =>
  ask(url, `SELECT projection, state FROM reprise_read.generations ORDER BY projection`)

describe('a projection whose handler fails', () => {
  it('stops loudly with the whole address of the event; the other projection goes on', async () => {
    const logger = new RecordingLogger()
    await using app = await Reprise.start(failing, quietly(url, { logger }))
    const receipt = await account(app, 'a', 5n, 666n, 7n)

    await app.projections.caughtUp(Statements, receipt)
    const failure: unknown = await app.projections
      .caughtUp(FailingBalances, receipt, { timeout: '20s' })
      .catch((error: unknown) => error)

    expect(failure).toBeInstanceOf(ProjectionStopped)
    const [event] = await ask<{ event_id: string }>(
      url,
      'SELECT event_id FROM reprise_store.events WHERE version = 3',
    )
    const address = {
      topic: 'bank.account',
      partition: expect.any(Number) as number,
      offset: 2n,
      version: 3,
      eventId: event?.event_id,
      type: 'MoneyDeposited',
    }
    expect((failure as ProjectionStopped).address).toEqual({
      ...address,
      stream: { type: 'account', id: 'a' },
    })
    expect(logger.at('error')).toEqual([
      {
        level: 'error',
        message: 'a projection has stopped; the others go on',
        facts: expect.objectContaining({
          ...address,
          projection: 'balances',
          stream: 'account-a',
          error: expect.stringContaining('planted at 666') as string,
          stack: expect.stringContaining('TypeError') as string,
        }) as object,
      },
    ])
    expect(await shownBalances(url)).toEqual({ a: '5' })
    await waitFor(async () => (await stateInDatabase())[0]?.['state'] === 'stopped', { what: 'a note of it' })
    expect(await stateInDatabase()).toEqual([
      { projection: 'balances', state: 'stopped' },
      { projection: 'statements', state: 'running' },
    ])
    await app.projections.caughtUp(
      Statements,
      await app.execute(new DepositMoney({ accountId: 'a', amount: 1n })),
    )
  })

  it('is known to have stopped in every process: caughtUp rejects at once there, and says where', async () => {
    await using app = await Reprise.start(failing, quietly(url))
    await using other = await Reprise.start(failing, quietly(url))
    const receipt = await account(app, 'a', 666n)

    for (const it of [app, other]) {
      await expect(it.projections.caughtUp(FailingBalances, receipt, { timeout: '20s' })).rejects.toThrow(
        /^projection balances has stopped.*event .* \(MoneyDeposited, version 2 of account-a\).*planted at 666; correct the cause and start again$/,
      )
    }
    const began = performance.now()
    await expect(app.projections.caughtUp(FailingBalances, receipt, { timeout: '20s' })).rejects.toThrow(
      ProjectionStopped,
    )
    expect(performance.now() - began).toBeLessThan(1_000)
    // What was applied before is still known to be.
    await app.projections.caughtUp(FailingBalances, { ...receipt, version: 1 })
  })

  it('goes on from there when it is started with the fault corrected', async () => {
    let last
    {
      await using app = await Reprise.start(failing, quietly(url))
      const receipt = await account(app, 'a', 5n, 666n)
      await expect(app.projections.caughtUp(FailingBalances, receipt, { timeout: '20s' })).rejects.toThrow(
        ProjectionStopped,
      )
      last = await app.execute(new DepositMoney({ accountId: 'a', amount: 7n }))
    }
    await using app = await Reprise.start(bank, quietly(url))
    await app.projections.caughtUp(Balances, last)

    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
    expect(await stateInDatabase()).toContainEqual({ projection: 'balances', state: 'running' })
    const [row] = await ask(url, `SELECT failure FROM reprise_read.generations WHERE projection = 'balances'`)
    expect(row).toEqual({ failure: null })
  })

  it('does not keep a process from going on that can apply the event', async () => {
    await using old = await Reprise.start(failing, quietly(url))
    const receipt = await account(old, 'a', 666n)
    await expect(old.projections.caughtUp(FailingBalances, receipt, { timeout: '20s' })).rejects.toThrow(
      ProjectionStopped,
    )
    await using app = await Reprise.start(bank, quietly(url))

    await app.projections.caughtUp(Balances, receipt, { timeout: '20s' })
    await ask(
      url,
      `UPDATE reprise_read.generations SET state = 'stopped', failure = 'by an older build' WHERE projection = 'balances'`,
    )
    await waitFor(async () => (await stateInDatabase())[0]?.['state'] === 'running', { what: 'the truth' })

    expect(await shownBalances(url)).toEqual({ a: '666' })
  })

  it('notes that it stopped as soon as the database takes the note', async () => {
    await using side = await ReadSide.open(url, failing)
    const parts = side.parts('balances')
    let refusals = 2
    const generations = new Proxy(parts.generations, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target)
        if (typeof member !== 'function') return member
        if (name !== 'setState') return member.bind(target) as unknown
        return (generation: number, state: 'running' | 'stopped', failure?: string) =>
          state === 'stopped' && refusals-- > 0
            ? Promise.reject(new Error('Connection terminated unexpectedly'))
            : target.setState(generation, state, failure)
      },
    })
    {
      await using app = await Reprise.start(bank, quietly(url))
      // Until then it is in the outbox, which nobody empties below.
      await app.projections.caughtUp(Balances, await account(app, 'a', 666n))
    }
    await ask(url, `UPDATE reprise_read.checkpoints SET next_offset = 0, last_event_id = NULL`)
    await ask(url, `TRUNCATE reprise_read.guards, bank_balances_g1.balances`)
    const runner = new ProjectionRunner({ ...parts, generations })
    await runner.start()
    await waitFor(() => runner.failure !== undefined, { what: 'the failure' })

    await waitFor(
      async () => {
        await runner.follow().catch(() => undefined)
        return (await stateInDatabase())[0]?.['state'] === 'stopped'
      },
      { what: 'the note' },
    )
    await runner.stop()
  })
})

describe('a runner', () => {
  it('that could not join the generation that went live tries again', async () => {
    await using app = await Reprise.start(bank, quietly(url))
    await account(app, 'a', 5n)
    await using side = await ReadSide.open(url)
    const parts = side.parts('balances')
    let refusals = 0
    const log = new Proxy(parts.log, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target)
        if (typeof member !== 'function') return member
        if (name !== 'subscribe') return member.bind(target) as unknown
        return (options: Parameters<typeof target.subscribe>[0]) =>
          refusals-- > 0 ? Promise.reject(new Error('planted')) : target.subscribe(options)
      },
    })
    const runner = new ProjectionRunner({ ...parts, log })
    await runner.start()
    await app.stop()
    const { generations } = parts
    await generations.createBuilding()
    await generations.hold(1, 10_000, 1_000)
    await generations.swap(1, 2)
    refusals = 1

    await runner.follow().catch(() => undefined)
    await runner.follow()

    await waitFor(async () => (await shownBalances(url))['a'] === '5', {
      what: 'the new generation to be fed',
    })
    await runner.stop()
  })
})

describe('caughtUp', () => {
  it('resolves when the events are applied, by this process or another', async () => {
    await using first = await Reprise.start(bank, quietly(url))
    await using second = await Reprise.start(bank, quietly(url))
    for (let id = 0; id < 8; id++) {
      const receipt = await account(first, `acc-${id}`, 5n)

      await Promise.all([first, second].map((app) => app.projections.caughtUp(Balances, receipt)))

      expect((await shownBalances(url))[`acc-${id}`]).toBe('5')
    }
  })

  it('resolves for a command that changed nothing', async () => {
    await using app = await Reprise.start(bank, quietly(url))
    await account(app, 'a', 5n)

    await app.projections.caughtUp(Balances, await app.execute(new Touch({ accountId: 'a' })))

    expect(await shownBalances(url)).toEqual({ a: '5' })
  })

  it('rejects when the time is over, with how far the projection was', async () => {
    await using app = await Reprise.start(bank, quietly(url))
    const receipt = await account(app, 'a', 5n)
    await app.projections.caughtUp(Balances, receipt)

    const failure: unknown = await app.projections
      .caughtUp(Balances, { ...receipt, version: 3 }, { timeout: 50 })
      .catch((error: unknown) => error)

    expect(failure).toBeInstanceOf(TimedOut)
    expect(failure).toMatchObject({
      timeoutMs: 50,
      facts: { projection: 'balances', stream: 'account-a', version: 3, applied: 2 },
    })
  })

  it('refuses a projection that is not one of the app', async () => {
    await using app = await Reprise.start(bank, quietly(url))
    const receipt = await account(app, 'a', 5n)

    await expect(app.projections.caughtUp(NarrowBalances, receipt)).rejects.toThrow(DefinitionError)
  })
})
