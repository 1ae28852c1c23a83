import { beforeEach, describe, expect, it } from 'vitest'
import { setTimeout as delay } from 'node:timers/promises'
import { type App, type AppDefinition, defineApp, Reprise } from 'reprise'
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
} from '../support/acting-bank.js'
import { Balances, bank } from '../support/bank.js'
import { balancesWith } from '../support/bank-variants.js'
import { Gate } from '../support/gate.js'
import { ask, quietly, rebuildOf, useFreshDatabases } from '../support/read-side.js'
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

describe('effects', () => {
  it('act on each event once, in the order of its stream, under a key that the event alone gives', async () => {
    await using app = await start(bankActing(notesThat(note)))
    await open(app, 'a', 'b')
    await deposit(app, 'a', 1n, 2n)
    await deposit(app, 'b', 3n)
    await deposit(app, 'a', 4n)

    await done(4)
    await level()

    expect(keysOf(deeds)).toEqual(await expectedKeys(url))
    expect(deeds.filter(({ account }) => account === 'a').map(({ amount }) => amount)).toEqual([1n, 2n, 4n])
    expect(app.counters.applied).toEqual({ notes: 4 })
  })

  it('begin with what is recorded from their first start on, also when they are started again', async () => {
    {
      await using app = await start(bankActing(notesThat(note, { name: 'others' })))
      await open(app, 'a')
      await deposit(app, 'a', 1n, 2n)
    }
    deeds = []
    {
      await using app = await start(bankActing(notesThat(note)))
      await deposit(app, 'a', 3n)
      await done(1)
    }
    await using app = await start(bankActing(notesThat(note)))
    await deposit(app, 'a', 4n)
    await done(2)
    await level()

    expect(deeds.map(({ amount }) => amount)).toEqual([3n, 4n])
  })

  it('act on all of history when they begin with the earliest', async () => {
    {
      await using app = await start(bank)
      await open(app, 'a')
      await deposit(app, 'a', 1n, 2n)
    }
    await using app = await start(bankActing(notesThat(note, { begin: 'earliest' })))
    await deposit(app, 'a', 3n)
    await done(3)

    expect(deeds.map(({ amount }) => amount)).toEqual([1n, 2n, 3n])
  })

  it('have each event that they act on in a transaction of its own, and what they pass by in batches', async () => {
    const transactions = new Map<string, string>()
    const act: AtDeposit = async (deed) => {
      const [row] = await ask<{ xid: string }>(
        url,
        `SELECT backend_xid::text AS xid FROM pg_stat_activity
         WHERE application_name = 'bank read' AND backend_xid IS NOT NULL AND datname = current_database()
           AND state LIKE 'idle in transaction%'`,
      )
      transactions.set(deed.key, row?.xid ?? 'none')
      note(deed, new AbortController().signal)
    }
    {
      await using app = await start(bank)
      await open(app, 'a')
      await deposit(app, 'a', 1n, 2n, 3n)
    }
    await using app = await start(bankActing(notesThat(act, { begin: 'earliest' })))
    await done(3)

    expect(new Set(transactions.values()).size).toBe(3)
    expect([...transactions.values()]).not.toContain('none')
    await waitFor(() => app.counters.applied['notes'] === 3, { what: 'the last one to be committed' })
  })

  it('take injected services', async () => {
    const { Container } = await import('inversify')
    const container = new Container()
    container.bind('mailer').toConstantValue({ send: (deed: Deed) => void deeds.push(deed) })
    const { WithMailer } = await import('../support/mailing-bank.js')
    await using app = await start(bankActing(WithMailer), { container })
    await open(app, 'a')
    await deposit(app, 'a', 1n)

    await done(1)

    expect(keysOf(deeds)).toEqual(await expectedKeys(url))
  })

  it('are not at work where the role projections is not', async () => {
    await using other = await start(bankActing(notesThat(note)), { roles: ['api', 'relay'] })
    await open(other, 'a')
    await deposit(other, 'a', 1n)
    await waitFor(async () => (await ask(url, 'SELECT FROM reprise_store.outbox')).length === 0, {
      what: 'all to be published',
    })

    expect(deeds).toEqual([])
    expect(other.counters.applied).toEqual({})
  })

  it('end the handler under way before the app stops, and act on the event no more', async () => {
    const gate = new Gate()
    const reached = new Gate()
    const acting = notesThat(async (deed, signal) => {
      reached.open()
      await gate.opened
      expect(signal.aborted).toBe(false)
      note(deed, signal)
    })
    const app = await start(bankActing(acting))
    await open(app, 'a')
    await deposit(app, 'a', 1n)
    await reached.opened

    const stopping = app.stop()
    gate.open()
    await stopping

    expect(deeds).toHaveLength(1)
    await using again = await start(bankActing(notesThat(note)))
    await deposit(again, 'a', 2n)
    await done(2)
    expect(deeds.map(({ amount }) => amount)).toEqual([1n, 2n])
  })
})

describe('a rebuild', () => {
  it('of a projection of the same events makes effects act on nothing', async () => {
    const app = defineApp({ ...bankActing(notesThat(note)), projections: [Balances] })
    await using running = await start(app)
    await open(running, 'a')
    await deposit(running, 'a', 1n, 2n)
    await done(2)

    await rebuildOf(url, 'balances', { app })
    await deposit(running, 'a', 3n)
    await done(3)
    await level()

    expect(deeds.map(({ amount }) => amount)).toEqual([1n, 2n, 3n])
    expect(
      await ask(url, `SELECT generation FROM reprise_read.generations WHERE projection = 'notes'`),
    ).toEqual([{ generation: 1 }])
  })
})

describe('the transaction of an effect', () => {
  it('stays open while its handler takes longer than a session may be idle in one', async () => {
    // Sessions may be idle in a transaction for half of the lease.
    const acting = notesThat(async (deed, signal) => {
      await delay(1_200)
      note(deed, signal)
    })
    await using app = await start(bankActing(acting), { lease: 1_000 })
    await open(app, 'a')
    await deposit(app, 'a', 1n)
    await done(1)
    await level()

    // Had it been lost, the event would have been acted on again.
    expect(deeds).toHaveLength(1)
  })

  it('aborts the signal when it is lost: the event is acted on again under its key, and nothing parked', async () => {
    let tries = 0
    const aborted: string[] = []
    const acting = notesThat(
      async (deed, signal) => {
        tries += 1
        note(deed, signal)
        if (tries > 2) return
        await ask(
          url,
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE application_name = 'bank read' AND backend_xid IS NOT NULL AND datname = current_database()`,
        )
        await waitFor(() => signal.aborted, { what: 'the signal' })
        aborted.push(deed.key)
        throw new Error('gave up')
      },
      { attempts: 1 },
    )
    await using app = await start(bankActing(acting))
    await open(app, 'a')
    await deposit(app, 'a', 1n)
    await done(3)
    await level()

    const [key] = await expectedKeys(url)
    expect(deeds.map((deed) => deed.key)).toEqual([key, key, key])
    expect(aborted).toEqual([key, key])
    expect(await ask(url, 'SELECT FROM reprise_read.parked_events')).toEqual([])
  })

  it('keeps a second owner of the lane from acting on the event at the same time, and from acting on it again', async () => {
    const gate = new Gate()
    const reached = new Gate()
    const acting = notesThat(async (deed, signal) => {
      reached.open()
      await gate.opened
      note(deed, signal)
    })
    await using app = await start(bankActing(acting))
    await open(app, 'a')
    await deposit(app, 'a', 1n)
    await reached.opened

    // As a second owner does who takes the lane.
    const taking = ask(
      url,
      `UPDATE reprise_read.checkpoints SET epoch = epoch + 1 WHERE projection = 'notes' RETURNING topic`,
    )
    await waitFor(
      async () =>
        (
          await ask(
            url,
            `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%epoch + 1%'`,
          )
        ).length > 0,
      { what: 'the second owner to wait' },
    )
    expect(deeds).toEqual([])
    gate.open()
    await taking

    await deposit(app, 'a', 2n)
    await done(2)
    await level()
    expect(deeds.map(({ amount }) => amount)).toEqual([1n, 2n])
  })
})

describe('a class of effects', () => {
  it('has no name that a projection had', async () => {
    await (await start(bank)).stop()

    await expect(start(bankActing(notesThat(note, { name: 'balances' })))).rejects.toThrow(
      'effects balances: a projection had this name',
    )
  })

  it('leaves its name to no projection', async () => {
    await (await start(bankActing(notesThat(note, { name: 'balances' })))).stop()

    await expect(start({ ...bank, projections: [balancesWith(() => undefined)] })).rejects.toThrow(
      'generation 1 has the table of effects, which have none',
    )
  })
})
