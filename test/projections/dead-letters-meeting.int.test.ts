import { type Kysely, sql } from 'kysely'
import { beforeEach, describe, expect, it } from 'vitest'
import { type AppDefinition, defineApp, type Delivery, Projection, Projects, SqlProjection } from 'reprise'
import { Account, AccountOpened, Balances, bank, MoneyDeposited, Statements } from '../support/bank.js'
import { Gate } from '../support/gate.js'
import { HandFed } from '../support/hand-fed.js'
import { lettersIn, lettersOf, parkSequence, planted } from '../support/parked-letters.js'
import { ask, Reader, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
const by = 'ada'

let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

interface LineTables {
  lines: { account: string; version: number }
}

type AtLine = (delivery: Delivery<LineTables>) => Promise<void>

/** The bank with a line per event in the place of balances, written before `atLine` is awaited. */
function bankWithLines(atLine: AtLine = () => Promise.resolve()): AppDefinition {
  @Projection({ name: Balances.table, version: 1, from: [Account] })
  class Lines extends SqlProjection<LineTables> {
    static async tables(db: Kysely<unknown>, schema: string) {
      await db.schema
        .withSchema(schema)
        .createTable('lines')
        .addColumn('account', 'text')
        .addColumn('version', 'integer')
        .execute()
    }

    @Projects(AccountOpened)
    opened(_: AccountOpened, delivery: Delivery<LineTables>) {
      return line(delivery)
    }

    @Projects(MoneyDeposited)
    deposited(_: MoneyDeposited, delivery: Delivery<LineTables>) {
      return line(delivery)
    }
  }

  async function line(delivery: Delivery<LineTables>): Promise<void> {
    const { stream, version } = delivery.envelope
    await delivery.tx.insertInto('lines').values({ account: stream.id, version }).execute()
    await atLine(delivery)
  }

  return defineApp({ ...bank, projections: [Lines, Statements] })
}

async function versions(): Promise<readonly number[]> {
  const rows = await ask<{ version: number }>(url, 'SELECT version FROM bank_balances_g1.lines ORDER BY ctid')
  return rows.map(({ version }) => version)
}

/** Whether a statement that holds this text waits for a lock. */
async function waits(text: string): Promise<boolean> {
  const rows = await ask(
    url,
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1`,
    [`%${text}%`],
  )
  return rows.length > 0
}

/** Stops a retry at its first line until it is opened, inside a statement: an idle transaction would be ended. */
class Stop implements AsyncDisposable {
  readonly #holder: Reader

  private constructor(holder: Reader) {
    this.#holder = holder
  }

  static async make(): Promise<Stop> {
    const holder = await Reader.open(url, 'a holder')
    await holder.rows('SELECT pg_advisory_lock(4711)')
    return new Stop(holder)
  }

  readonly atLine: AtLine = async ({ tx }) => {
    await sql`SELECT pg_advisory_xact_lock(4711)`.execute(tx)
  }

  until(): Promise<boolean> {
    return waitFor(() => waits('pg_advisory_xact_lock'), { what: 'the retry to be under way' })
  }

  async open(): Promise<void> {
    await this.#holder.rows('SELECT pg_advisory_unlock(4711)')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#holder[Symbol.asyncDispose]()
  }
}

describe('a retry that is under way', () => {
  it('keeps a batch with a later event of its key waiting, which is applied after it', async () => {
    await using stop = await Stop.make()
    await using fed = await HandFed.open(url, bankWithLines(stop.atLine))
    const events = await fed.account('a', 2)
    await parkSequence(fed, events.slice(0, 2))
    const { checkpoints } = fed.parts
    const subscriber = fed.parts.subscriberFor(fed.generation)

    const retry = lettersOf(fed).retry({}, { by })
    await stop.until()
    const batch = checkpoints.backfill(subscriber, async ({ tx, parked }) => {
      const held = await parked?.parkedAmong(['account-a'])
      if (held?.has('account-a') === true) throw new Error('it would queue behind nothing')
      await sql`INSERT INTO bank_balances_g1.lines VALUES ('a', 3)`.execute(tx)
    })
    await waitFor(() => waits('parked_sequences'), { what: 'the batch to wait' })
    await stop.open()

    expect(await retry).toMatchObject({ applied: 2, left: 0 })
    await batch
    expect(await versions()).toEqual([1, 2, 3])
  })

  it('waits for a batch that queues an event of its key, and applies that too', async () => {
    await using fed = await HandFed.open(url, bankWithLines())
    const events = await fed.account('a', 2)
    await parkSequence(fed, events.slice(0, 2))
    const { checkpoints } = fed.parts
    const [queued] = fed.records(events.slice(2), 2n)
    const [event] = events.slice(2)
    if (queued === undefined) throw new Error('it has three events')
    const gate = new Gate()
    let holds = false

    const batch = checkpoints.backfill(fed.parts.subscriberFor(fed.generation), async ({ parking }) => {
      await parking.parkedAmong(['account-a'])
      holds = true
      await gate.opened
      await parking.park([{ record: queued, event, sequenceKey: 'account-a', failure: undefined }])
    })
    await waitFor(() => holds, { what: 'the batch to hold the key' })
    const retry = lettersOf(fed).retry({}, { by })
    await waitFor(() => waits('parked_sequences'), { what: 'the retry to wait' })
    gate.open()
    await batch

    expect(await retry).toMatchObject({ applied: 3, left: 0 })
    expect(await versions()).toEqual([1, 2, 3])
    expect(await lettersIn(url)).toEqual({ letters: [], keys: [] })
  })

  it('waits as well for a batch that parks under its key without having asked for it', async () => {
    await using fed = await HandFed.open(url, bankWithLines())
    const events = await fed.account('a', 2)
    await parkSequence(fed, events.slice(0, 2))
    const [record] = fed.records(events.slice(2), 2n)
    const [event] = events.slice(2)
    if (record === undefined) throw new Error('it has three events')
    const gate = new Gate()
    let parked = false

    const batch = fed.parts.checkpoints.backfill(
      fed.parts.subscriberFor(fed.generation),
      async ({ parking }) => {
        await parking.park([{ record, event, sequenceKey: 'account-a', failure: planted }])
        parked = true
        await gate.opened
      },
    )
    await waitFor(() => parked, { what: 'the batch to park' })
    let retried = false
    const retry = lettersOf(fed)
      .retry({}, { by })
      .finally(() => (retried = true))
    await waitFor(async () => retried || (await waits('parked_sequences')), { what: 'the retry to wait' })
    gate.open()
    await batch

    expect(await retry).toMatchObject({ applied: 3, left: 0 })
    expect(await lettersIn(url)).toEqual({ letters: [], keys: [] })
  })

  it('leaves nothing to another one that waited for it', async () => {
    await using stop = await Stop.make()
    await using fed = await HandFed.open(url, bankWithLines(stop.atLine))
    await parkSequence(fed, await fed.account('a', 1))

    const first = lettersOf(fed).retry({}, { by })
    await stop.until()
    const second = lettersOf(fed).retry({}, { by })
    await waitFor(() => waits('parked_sequences'), { what: 'the second one to wait' })
    await stop.open()

    expect(await first).toMatchObject({ applied: 2 })
    expect(await second).toMatchObject({ applied: 0, failed: [], left: 0 })
    expect(await versions()).toEqual([1, 2])
    expect((await lettersIn(url)).keys).toEqual([])
  })

  it('keeps a swap from holding its generation, and lets batches of other keys commit', async () => {
    await using stop = await Stop.make()
    await using fed = await HandFed.open(url, bankWithLines(stop.atLine))
    await parkSequence(fed, await fed.account('a', 0))
    const retry = lettersOf(fed).retry({}, { by })
    await stop.until()

    expect(await fed.parts.generations.hold(1, 5_000, 200)).toBe('blocked')
    await ask(url, `SET lock_timeout = '1s'; UPDATE reprise_read.checkpoints SET next_offset = next_offset`)

    await stop.open()
    expect(await retry).toMatchObject({ applied: 1 })
    expect(await fed.parts.generations.hold(1, 5_000, 200)).not.toBe('blocked')
  })
})

describe('a letter that fails again', () => {
  it('leaves nothing of what its handler wrote, also where a statement of it failed', async () => {
    await using fed = await HandFed.open(
      url,
      bankWithLines(async ({ tx, envelope: { version } }) => {
        if (version === 2) await sql`SELECT 1 / 0`.execute(tx)
      }),
    )
    await parkSequence(fed, await fed.account('a', 2))

    const result = await lettersOf(fed).retry({}, { by })

    expect(result).toMatchObject({
      applied: 1,
      left: 2,
      failed: [{ error: { message: 'division by zero' } }],
    })
    expect(await versions()).toEqual([1])
  })

  it('says so in words that the database can keep', async () => {
    await using fed = await HandFed.open(
      url,
      bankWithLines(() => Promise.reject(new Error('a zero \0 and half a pair \ud800'))),
    )
    await parkSequence(fed, await fed.account('a', 0))

    await lettersOf(fed).retry({}, { by })

    const [letter] = await lettersOf(fed).letters({}, { limit: 1 })
    expect(letter?.error?.message).toBe('a zero \\u0000 and half a pair \\ud800')
  })
})

describe('a retry whose connection is lost', () => {
  it('is made again, and applies everything once', async () => {
    let cut = false
    await using fed = await HandFed.open(
      url,
      bankWithLines(async ({ tx, envelope: { version } }) => {
        if (version < 2 || cut) return
        cut = true
        await sql`SELECT pg_terminate_backend(pg_backend_pid())`.execute(tx)
      }),
    )
    await parkSequence(fed, await fed.account('a', 2))

    expect(await lettersOf(fed).retry({}, { by })).toMatchObject({ applied: 3, left: 0, failed: [] })
    expect(await versions()).toEqual([1, 2, 3])
  })
})
