import { beforeEach, describe, expect, it } from 'vitest'
import { type App, type AppDefinition, Reprise } from 'reprise'
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
  withLetters,
} from '../support/acting-bank.js'
import { effectParts } from '../../src/app/effect-parts.js'
import { EffectRunner } from '../../src/processes/effect-runner.js'
import { Places } from '../../src/processes/places.js'
import { Gate } from '../support/gate.js'
import { ask, quietly, ReadSide, useFreshDatabases } from '../support/read-side.js'
import { RecordingLogger } from '../support/recording-logger.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
let deeds: Deed[] = []
beforeEach(async () => {
  url = await freshDatabase()
  deeds = []
})

const note: AtDeposit = (deed) => void deeds.push(deed)
const start = (app: AppDefinition, more = {}): Promise<App> => Reprise.start(app, quietly(url, more))
const done = (count: number) => waitFor(() => deeds.length >= count, { what: `${count} deeds` })
const level = () => allActedOn(url)

describe('an effect that fails', () => {
  it('is tried with one key, then parked, and those of its stream wait; all others go on', async () => {
    const tries: string[] = []
    const logger = new RecordingLogger()
    const acting = notesThat(
      (deed, signal) => {
        if (deed.amount === 666n) tries.push(deed.key)
        // In the words of a network, and of a database: a fault of the handler's own all the same.
        if (deed.amount === 666n)
          throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
        note(deed, signal)
      },
      { attempts: 2 },
    )
    await using app = await start(bankActing(acting), { logger })
    await open(app, 'a', 'b')
    await deposit(app, 'a', 666n, 1n, 2n)
    await deposit(app, 'b', 3n)
    await level()

    expect(deeds.map(({ amount }) => amount)).toEqual([3n])
    const [first] = await expectedKeys(url)
    expect(new Set(tries)).toEqual(new Set([first]))
    // In its batch, and twice alone.
    expect(tries).toHaveLength(3)
    expect(logger.at('error')).toHaveLength(1)
    expect(logger.at('warn').filter(({ message }) => message.includes('is tried again'))).toMatchObject([
      { facts: { subscriber: 'notes', error: 'Error: connect ECONNREFUSED', attempts: 1, of: 2 } },
    ])
    const components = await waitFor(
      async () => {
        const found = (await app.health()).components.filter(({ kind }) => kind === 'effect')
        // Where the machine is slow, what would tell gives no answer in time.
        return found.every(({ state }) => state !== 'unknown') ? found : undefined
      },
      { what: 'health to know' },
    )
    expect(components).toMatchObject([
      { kind: 'effect', name: 'notes', state: 'parked', parked: 3, fedHere: true },
    ])
  })

  it('is acted on again by a retry, in order, under the same keys, and then flows on', async () => {
    const broken = bankActing(notesThat(() => Promise.reject(new Error('planted')), { attempts: 1 }))
    {
      await using app = await start(broken)
      await open(app, 'a')
      await deposit(app, 'a', 1n, 2n, 3n)
      await level()
    }
    const left: number[] = []
    const mended = bankActing(
      notesThat(async (deed, signal) => {
        left.push((await ask(url, 'SELECT FROM reprise_read.parked_events')).length)
        note(deed, signal)
      }),
    )

    const result = await withLetters(url, mended, (letters) => letters.retry({}, { by: 'a test' }))
    await using app = await start(mended)
    await deposit(app, 'a', 4n)
    await done(4)

    expect(result).toMatchObject({ projection: 'notes', applied: 3, failed: [], left: 0 })
    expect(deeds.map(({ amount }) => amount)).toEqual([1n, 2n, 3n, 4n])
    // Each letter has a transaction of its own: what was done before is settled.
    expect(left).toEqual([3, 2, 1, 0])
    expect(keysOf(deeds)).toEqual(await expectedKeys(url))
  })

  it('keeps what a retry did before it fails again', async () => {
    const all = notesThat(() => Promise.reject(new Error('planted')), { attempts: 1 })
    {
      await using app = await start(bankActing(all))
      await open(app, 'a')
      await deposit(app, 'a', 1n, 666n, 2n)
      await level()
    }
    const better = bankActing(
      notesThat((deed, signal) => {
        if (deed.amount === 666n) throw new Error('still planted')
        note(deed, signal)
      }),
    )

    const result = await withLetters(url, better, (letters) => letters.retry({}, { by: 'a test' }))

    expect(result).toMatchObject({ applied: 1, left: 2, failed: [{ error: { message: 'still planted' } }] })
    expect(deeds.map(({ amount }) => amount)).toEqual([1n])
    expect(await ask(url, 'SELECT count(*)::integer AS audited FROM reprise_read.audit_log')).toEqual([
      { audited: 2 },
    ])
  })

  it('has its signal aborted when it takes too long, and has failed', async () => {
    const signals: AbortSignal[] = []
    const acting = notesThat(
      (_deed, signal) => {
        signals.push(signal)
        return new Promise(() => undefined)
      },
      { timeout: 50, attempts: 1 },
    )
    await using app = await start(bankActing(acting))
    await open(app, 'a')
    await deposit(app, 'a', 1n)
    await level()

    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
    expect(
      await ask(url, 'SELECT error_name, error_class, attempts FROM reprise_read.parked_events'),
    ).toEqual([{ error_name: 'EffectTimedOut', error_class: 'handler', attempts: 1 }])
  })
})

/** Keeps the process from doing anything else. */
function busyFor(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

const parked = () => ask(url, 'SELECT error_name, error_class, attempts FROM reprise_read.parked_events')

describe('an effect that keeps its process busy', () => {
  it('has failed when it took too long, though it ended', async () => {
    const acting = notesThat(
      (deed, signal) => {
        note(deed, signal)
        busyFor(100)
      },
      { timeout: 50, attempts: 1 },
    )
    await using app = await start(bankActing(acting))
    await open(app, 'a')
    await deposit(app, 'a', 1n)
    await level()

    expect(await parked()).toEqual([{ error_name: 'EffectTimedOut', error_class: 'handler', attempts: 1 }])
    expect(deeds).toHaveLength(2)
  })

  it('for so long that the server ends its transaction has failed, and does not act for ever', async () => {
    const acting = notesThat(
      (deed, signal) => {
        note(deed, signal)
        if (deed.amount === 666n) busyFor(1_500)
      },
      { attempts: 1 },
    )
    await using app = await start(bankActing(acting), { lease: 2_000 })
    await open(app, 'a')
    await deposit(app, 'a', 1n, 666n)
    await waitFor(async () => (await parked()).length > 0, { what: 'the letter' })

    expect(await parked()).toEqual([{ error_name: 'TransactionLost', error_class: 'handler', attempts: 1 }])
    expect(deeds.filter(({ amount }) => amount === 666n)).toHaveLength(2)
  })
})

describe('an effect whose mail server is away', () => {
  it('is tried again until it is back: nothing is parked', async () => {
    const logger = new RecordingLogger()
    let isAway = true
    const acting = notesThat((deed, signal) => {
      if (isAway) throw new Error('connect ECONNREFUSED')
      note(deed, signal)
    })
    await using app = await start(bankActing(acting), { logger })
    await open(app, 'a', 'b', 'c')
    for (const account of ['a', 'b', 'c']) await deposit(app, account, 1n)
    // Longer than tries of a projection would last, with the tries that it has by default.
    setTimeout(() => (isAway = false), 2_000)
    await done(3)
    await level()

    expect(keysOf(deeds)).toEqual(await expectedKeys(url))
    expect(await parked()).toEqual([])
    expect(logger.at('error')).toEqual([])
  })
})

describe('effects that are stopped', () => {
  it('end the handlers under way, and begin none of those that wait for a place', async () => {
    const gate = new Gate()
    const acting = notesThat(async (deed, signal) => {
      note(deed, signal)
      await gate.opened
    })
    const accounts = ['a', 'b', 'c', 'd', 'e', 'f']
    await using app = await start(bankActing(acting), { poolSize: 3 })
    await open(app, ...accounts)
    await Promise.all(accounts.map((account) => deposit(app, account, 1n)))
    await done(1)
    const published = async () => (await ask(url, 'SELECT FROM reprise_store.outbox')).length === 0
    await waitFor(published, { what: 'all to be published' })

    const stopped = app.stop()
    gate.open()
    await stopped

    expect(deeds).toHaveLength(1)
    await using next = await start(bankActing(notesThat(note)))
    await done(6)
    await level()
    expect(keysOf(deeds)).toEqual(await expectedKeys(url))
    await next.stop()
  })

  it('are started once the database is there again', async () => {
    const app = bankActing(notesThat(note))
    await using running = await start(app, { roles: ['api', 'relay'] })
    await open(running, 'a')
    await deposit(running, 'a', 1n)
    await using side = await ReadSide.open(url, app)
    const [model] = side.installation.model.effects
    if (model === undefined) throw new Error('the app has no effects')
    const parts = effectParts(side.installation, { ...model, begin: 'earliest' })
    let tries = 0
    const { registry: shipped } = parts
    const registry: typeof shipped = {
      ensure: async () => {
        if (++tries < 3) throw new Error('Connection terminated unexpectedly')
        return shipped.ensure()
      },
      fits: () => shipped.fits(),
      requireFit: () => shipped.requireFit(),
      status: () => shipped.status(),
      claimLog: (...of) => shipped.claimLog(...of),
      setState: (...to) => shipped.setState(...to),
    }
    const runner = new EffectRunner({ ...parts, registry }, new Places(1))

    await runner.start()
    await done(1)
    await runner.stop()

    expect(tries).toBe(3)
  })
})

describe('effects whose topic is another one than they acted on', () => {
  it('stop, and say so in the log and in the database; nothing is acted on', async () => {
    {
      await using app = await start(bankActing(notesThat(note)))
      await open(app, 'a')
      await deposit(app, 'a', 1n)
      await done(1)
      await level()
    }
    await ask(url, `UPDATE reprise_read.checkpoints SET last_event_id = 'another' WHERE next_offset > 0`)
    const logger = new RecordingLogger()

    await using app = await start(bankActing(notesThat(note)), { logger })
    await deposit(app, 'a', 2n)
    const failure = await waitFor(
      async () => {
        const [row] = await ask<{ failure: string }>(
          url,
          `SELECT failure FROM reprise_read.generations WHERE state = 'stopped'`,
        )
        return row?.failure
      },
      { what: 'the failure to be noted' },
    )

    expect(failure).toMatch(
      /^effects notes have stopped: .*the topic was made anew.*; effects cannot be rebuilt: give the class a new name/,
    )
    expect(logger.at('error').map(({ message }) => message)).toEqual([
      'effects have stopped; the others go on',
    ])
    expect(deeds.map(({ amount }) => amount)).toEqual([1n])
  })
})
