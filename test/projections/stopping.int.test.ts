import { beforeEach, describe, expect, it } from 'vitest'
import { type App, DefinitionError, EventParked, ProjectionStopped, Reprise, TimedOut } from 'reprise'
import { ProjectionRunner } from '../../src/projections/projection-runner.js'
import { Balances, bank, DepositMoney, OpenAccount, Statements, Touch } from '../support/bank.js'
import { NarrowBalances } from '../support/bank-releases.js'
import { bankWith } from '../support/bank-variants.js'
import { lettersIn } from '../support/hand-fed.js'
import { ask, quietly, ReadSide, shownBalances, useFreshDatabases } from '../support/read-side.js'
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

/** As after a topic that was made anew: another event is where the last one was. */
const topicIsAnother = () =>
  ask(
    url,
    `UPDATE reprise_read.checkpoints SET last_event_id = 'another' WHERE projection = 'balances' AND next_offset > 0`,
  )

const stateInDatabase = () =>
  ask(url, `SELECT projection, state FROM reprise_read.generations ORDER BY projection`)

describe('a projection whose handler fails', () => {
  it('parks the event and goes on: who waits for it is told at once, and the other projection knows nothing of it', async () => {
    const logger = new RecordingLogger()
    await using app = await Reprise.start(failing, quietly(url, { logger }))
    const receipt = await account(app, 'a', 5n, 666n, 7n)

    await app.projections.caughtUp(Statements, receipt)
    const failure: unknown = await app.projections
      .caughtUp(FailingBalances, receipt, { timeout: '20s' })
      .catch((error: unknown) => error)

    expect(failure).toBeInstanceOf(EventParked)
    const [event] = await ask<{ event_id: string }>(
      url,
      'SELECT event_id FROM reprise_store.events WHERE version = 3',
    )
    expect((failure as EventParked).facts).toEqual({
      projection: 'balances',
      stream: 'account-a',
      version: 3,
      eventId: event?.event_id,
    })
    expect((failure as EventParked).message).toMatch(
      /^projection balances has parked account-a from version 3 on: planted at 666; see reprise dlq show balances/,
    )
    expect(logger.at('error')).toEqual([
      {
        level: 'error',
        message: 'an event was parked: those of its key wait behind it, the others go on',
        facts: expect.objectContaining({
          subscriber: 'balances',
          sequenceKey: 'account-a',
          error: 'TypeError: planted at 666',
          stack: expect.stringContaining('TypeError') as string,
        }) as object,
      },
    ])
    expect(await shownBalances(url)).toEqual({ a: '5' })
    expect(await stateInDatabase()).toEqual([
      { projection: 'balances', state: 'running' },
      { projection: 'statements', state: 'running' },
    ])
    await app.projections.caughtUp(FailingBalances, await account(app, 'b', 1n))
    expect(await shownBalances(url)).toEqual({ a: '5', b: '1' })
  })

  it('is known to have parked it in every process; what was applied before is still known to be', async () => {
    await using app = await Reprise.start(failing, quietly(url))
    await using other = await Reprise.start(failing, quietly(url))
    const receipt = await account(app, 'a', 666n)

    for (const it of [app, other])
      await expect(it.projections.caughtUp(FailingBalances, receipt, { timeout: '20s' })).rejects.toThrow(
        EventParked,
      )
    const began = performance.now()
    await expect(app.projections.caughtUp(FailingBalances, receipt, { timeout: '20s' })).rejects.toThrow(
      EventParked,
    )
    expect(performance.now() - began).toBeLessThan(1_000)
    await app.projections.caughtUp(FailingBalances, { ...receipt, version: 1 })
  })

  it('keeps the key parked when it is started with the fault corrected, until somebody decides', async () => {
    {
      await using app = await Reprise.start(failing, quietly(url))
      const receipt = await account(app, 'a', 5n, 666n)
      await expect(app.projections.caughtUp(FailingBalances, receipt, { timeout: '20s' })).rejects.toThrow(
        EventParked,
      )
    }
    await using app = await Reprise.start(bank, quietly(url))
    const last = await app.execute(new DepositMoney({ accountId: 'a', amount: 7n }))
    await app.projections.caughtUp(Balances, await account(app, 'b', 1n))

    await expect(app.projections.caughtUp(Balances, last, { timeout: '20s' })).rejects.toThrow(EventParked)
    await waitFor(async () => (await lettersIn(url, 'balances')).length === 2, { what: 'the letter behind' })
    expect(await shownBalances(url)).toEqual({ a: '5', b: '1' })
  })
})

describe('a projection that has stopped', () => {
  it('in one process does not keep another from going on', async () => {
    await using app = await Reprise.start(bank, quietly(url))
    const receipt = await account(app, 'a', 666n)
    await app.projections.caughtUp(Balances, receipt, { timeout: '20s' })
    await ask(
      url,
      `UPDATE reprise_read.generations SET state = 'stopped', failure = 'by an older build' WHERE projection = 'balances'`,
    )

    await waitFor(async () => (await stateInDatabase())[0]?.['state'] === 'running', { what: 'the truth' })

    expect(await shownBalances(url)).toEqual({ a: '666' })
  })

  it('is known to have in every process: caughtUp rejects at once there, and says why', async () => {
    {
      await using app = await Reprise.start(bank, quietly(url))
      await app.projections.caughtUp(Balances, await account(app, 'a', 5n))
    }
    await topicIsAnother()
    const logger = new RecordingLogger()
    await using app = await Reprise.start(bank, quietly(url, { logger }))
    await using other = await Reprise.start(bank, quietly(url))
    const receipt = await app.execute(new DepositMoney({ accountId: 'a', amount: 1n }))

    for (const it of [app, other])
      await expect(it.projections.caughtUp(Balances, receipt, { timeout: '20s' })).rejects.toThrow(
        /^projection balances has stopped: .*the topic was made anew.*; correct the cause and start again$/,
      )
    await expect(app.projections.caughtUp(Balances, receipt, { timeout: '20s' })).rejects.toThrow(
      ProjectionStopped,
    )
    await app.projections.caughtUp(Balances, { ...receipt, version: 1 })
    await waitFor(async () => (await stateInDatabase())[0]?.['state'] === 'stopped', { what: 'a note of it' })
  })

  it('in one process is told by the health of that one also when another goes on', async () => {
    {
      await using app = await Reprise.start(bank, quietly(url))
      await app.projections.caughtUp(Balances, await account(app, 'a', 5n))
    }
    await topicIsAnother()
    await using app = await Reprise.start(bank, quietly(url))
    await waitFor(async () => (await stateInDatabase())[0]?.['state'] === 'stopped', { what: 'a note of it' })
    // As the other one notes it.
    await ask(url, `UPDATE reprise_read.generations SET state = 'running', failure = NULL`)

    const { components } = await app.health()

    expect(components.find(({ name }) => name === 'balances')).toMatchObject({
      state: 'stopped',
      failure: expect.stringContaining('the topic was made anew') as string,
    })
  })

  it('notes that it stopped as soon as the database takes the note', async () => {
    await using side = await ReadSide.open(url)
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
    await topicIsAnother()
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
    const source = new Proxy(parts.source, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target)
        if (typeof member !== 'function') return member
        if (name !== 'join') return member.bind(target) as unknown
        return (options: Parameters<typeof target.join>[0]) =>
          refusals-- > 0 ? Promise.reject(new Error('planted')) : target.join(options)
      },
    })
    const runner = new ProjectionRunner({ ...parts, source })
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
