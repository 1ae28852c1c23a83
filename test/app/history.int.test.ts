import { describe, expect, it, onTestFinished } from 'vitest'
import {
  Aggregate,
  AggregateNotFound,
  AggregateRoot,
  type App,
  AppStopped,
  Applies,
  Command,
  defineApp,
  DefinitionError,
  DomainEvent,
  type Envelope,
  Handles,
  InvalidValue,
  long,
  type PositionedEvent,
  Reprise,
  type StartOptions,
  type StateOf,
  string,
  TimedOut,
} from 'reprise'
import {
  Account,
  AccountOpened,
  bank,
  DepositMoney,
  MoneyDeposited,
  MoneyWithdrawn,
  OpenAccount,
  WithdrawMoney,
} from '../support/bank.js'
import { DatabaseProxy } from '../support/database-proxy.js'
import { openAccounts } from '../support/load.js'
import { quietly, Reader, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()

class Counted extends DomainEvent('Counted', { by: long() }) {}
class Count extends Command('Count', { id: string(), by: long() })('id') {}

@Aggregate({ name: 'counter', events: [Counted], state: { version: 1, fields: { total: long() } } })
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
/** An app with aggregates of two kinds. */
const both = defineApp({ ...bank, aggregates: [Account, Counter] })

async function start(definition = bank, options: StartOptions = {}): Promise<App> {
  return Reprise.start(definition, quietly(await freshDatabase(), options))
}

async function all<T>(events: AsyncIterable<T>): Promise<readonly T[]> {
  const read: T[] = []
  for await (const event of events) read.push(event)
  return read
}

/** Reads in the background, until the test has what it wants. */
function reading<T>(events: AsyncGenerator<T>): {
  readonly seen: readonly T[]
  readonly over: Promise<void>
} {
  const seen: T[] = []
  const over = (async () => {
    for await (const event of events) seen.push(event)
  })()
  // Some tests look at it only later.
  over.catch(() => undefined)
  return { seen, over }
}

const until = (what: string, condition: () => boolean): Promise<unknown> => waitFor(condition, { what })

describe('history', () => {
  it("gives an aggregate's events in version order, as instances of their classes, with what is known of them", async () => {
    await using app = await start()
    await openAccounts(app, 2, 2)
    const options = { actor: 'Ada', correlationId: 'request-7' }
    await app.execute(new WithdrawMoney({ accountId: 'acc-0', amount: 3n }), options)

    const history: readonly Envelope<AccountOpened | MoneyDeposited | MoneyWithdrawn>[] = await app.history(
      Account,
      'acc-0',
    )

    expect(history.map(({ version, event }) => [version, event.constructor])).toEqual([
      [1, AccountOpened],
      [2, MoneyDeposited],
      [3, MoneyDeposited],
      [4, MoneyWithdrawn],
    ])
    expect(history[3]).toMatchObject({
      stream: { type: 'account', id: 'acc-0' },
      event: new MoneyWithdrawn({ amount: 3n }),
      metadata: { actor: 'Ada', correlationId: 'request-7' },
    })
    expect((await app.history(Account, 'acc-0', { afterVersion: 3 })).map(({ version }) => version)).toEqual([
      4,
    ])
  })

  it('of an aggregate that there is not, or of another app, is refused', async () => {
    await using app = await start()

    await expect(app.history(Account, 'nobody')).rejects.toBeInstanceOf(AggregateNotFound)
    await expect(app.history(Account, 'nobody')).rejects.toThrow(
      'there is no account-nobody: nothing was ever stored under this id',
    )
    await expect(app.history(Counter, '1')).rejects.toThrow('Counter is not an aggregate of this app')
  })
})

describe('stateAt', () => {
  it('is the declared state at a version, at an instant of either kind, and now', async () => {
    await using app = await start(counters)
    const day = (n: number): Date => new Date(Date.UTC(2024, 0, n))
    for (const [by, at] of [
      [1n, day(1)],
      [10n, day(3)],
      [100n, day(2)],
    ] as const)
      await app.execute(new Count({ id: 'a', by }), { occurredAt: at })

    const now = await app.stateAt(Counter, 'a')
    const total: bigint | undefined = now?.state.total

    expect(now).toMatchObject({ version: 3, leftOut: 0 })
    expect(total).toBe(111n)
    expect(await app.stateAt(Counter, 'a', { version: 2 })).toMatchObject({
      version: 2,
      state: { total: 11n },
    })
    expect(await app.stateAt(Counter, 'a', { at: day(2), by: 'occurredAt' })).toMatchObject({
      version: 3,
      state: { total: 101n },
      leftOut: 1,
    })
    expect(await app.stateAt(Counter, 'a', { at: day(9), by: 'recordedAt' })).toBeUndefined()
    await expect(app.stateAt(Counter, 'a', { version: 4 })).rejects.toBeInstanceOf(InvalidValue)
  })
})

describe('events', () => {
  it('gives all events once by position, with the versions of each stream in order', async () => {
    await using app = await start()
    await openAccounts(app, 6, 4)

    const events = await all(app.events())

    expect(events).toHaveLength(30)
    expectOrdered(events)
    const versions = new Map<string, number[]>()
    for (const { stream, version } of events)
      versions.set(stream.id, [...(versions.get(stream.id) ?? []), version])
    expect([...versions.values()]).toEqual(Array.from({ length: 6 }, () => [1, 2, 3, 4, 5]))
  })

  it('can be resumed after any of them', async () => {
    await using app = await start()
    await openAccounts(app, 3, 3)
    const events = await all(app.events())

    for (const [index, { position }] of events.entries())
      expect(await all(app.events({ after: position }))).toEqual(events.slice(index + 1))
  })

  it('reads only those asked for, typed', async () => {
    await using app = await start(both)
    await openAccounts(app, 2, 2)
    await app.execute(new Count({ id: 'a', by: 1n }))

    const deposits: readonly PositionedEvent<MoneyDeposited>[] = await all(
      app.events({ types: [MoneyDeposited] }),
    )
    const counts = await all(app.events({ aggregates: [Counter] }))

    expect(deposits.map(({ event }) => event.amount).sort()).toEqual([1n, 1n, 2n, 2n])
    expect(counts.map(({ event }) => event.by)).toEqual([1n])
    expect(await all(app.events())).toHaveLength(7)
    await expect(
      all(app.events({ aggregates: [Account], types: [Counted as never] })),
    ).rejects.toBeInstanceOf(DefinitionError)
    await expect(all(app.events({ after: 1 as never }))).rejects.toBeInstanceOf(InvalidValue)
  })

  it('reads more than a page', async () => {
    await using app = await start(counters)
    await Promise.all(
      Array.from({ length: 30 }, async (_, id) => {
        for (let n = 0; n < 75; n++) await app.execute(new Count({ id: String(id), by: 1n }))
      }),
    )

    const events = await all(app.events())
    const followed = reading(app.events({ follow: true }))
    await until('all to be followed', () => followed.seen.length === 2250)

    expect(events).toHaveLength(2250)
    expectOrdered(events)
    expect(followed.seen).toEqual(events)
  })

  it('that is followed goes on with what is appended by this process and others, and misses nothing', async () => {
    const url = await freshDatabase()
    await using app = await Reprise.start(bank, quietly(url, { roles: ['api'] }))
    await using other = await Reprise.start(bank, quietly(url, { roles: ['api'] }))
    await app.execute(new OpenAccount({ accountId: 'first', owner: 'Ada' }))
    const followed = reading(app.events({ follow: true }))
    await until('the first', () => followed.seen.length === 1)

    await Promise.all([openAccounts(app, 5, 10, 'one'), openAccounts(other, 5, 10, 'two')])

    await until('the others', () => followed.seen.length >= 111)
    expect(followed.seen).toEqual(await all(app.events()))
  })

  it('that is followed is heard of at once in the process that appends', async () => {
    await using app = await start()
    const followed = reading(app.events({ follow: true }))
    const took: number[] = []
    for (let n = 0; n < 9; n++) {
      const began = performance.now()
      await app.execute(new OpenAccount({ accountId: String(n), owner: 'Ada' }))
      await until('it', () => followed.seen.length === n + 1)
      took.push(performance.now() - began)
    }

    // One that only polls looks every half a second.
    expect(took.sort((a, b) => a - b)[4]).toBeLessThan(200)
  })

  it('waits for a transaction of a caller that has appended, and gives its events when it is over', async () => {
    const url = await freshDatabase()
    await using app = await Reprise.start(bank, quietly(url))
    await using caller = await Reader.open(url, 'a caller')
    const tx = caller.client
    await tx.query('BEGIN')
    await app.execute(new OpenAccount({ accountId: 'held', owner: 'Ada' }), { tx })
    await app.execute(new OpenAccount({ accountId: 'after', owner: 'Ada' }))
    const followed = reading(app.events({ follow: true }))

    await expect(all(app.events({ timeout: '200ms' }))).rejects.toThrow(/a caller of .* \(pid \d+/)
    await expect(all(app.events({ timeout: '200ms' }))).rejects.toBeInstanceOf(TimedOut)
    expect(followed.seen).toEqual([])

    await tx.query('COMMIT')
    await until('both', () => followed.seen.length === 2)
    expect(followed.seen.map(({ stream }) => stream.id)).toEqual(['held', 'after'])
  })

  it('that is followed waits for a database that is away', async () => {
    const url = await freshDatabase()
    const proxy = await DatabaseProxy.before(url)
    onTestFinished(() => proxy.close())
    await using writer = await Reprise.start(bank, quietly(url))
    await using app = await Reprise.start(bank, quietly(proxy.url, { roles: ['api'] }))
    const followed = reading(app.events({ follow: true }))
    await writer.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
    await until('the first', () => followed.seen.length === 1)

    proxy.shut()
    await writer.execute(new DepositMoney({ accountId: '1', amount: 5n }))
    // Its looks meet a closed door in the meantime.
    await waitFor(
      () =>
        all(app.events()).then(
          () => false,
          () => true,
        ),
      { what: 'the database to be away' },
    )
    proxy.reopen()

    await until('the second', () => followed.seen.length === 2)
    expect(followed.seen.map(({ version }) => version)).toEqual([1, 2])
  })

  it('ends for its signal, with the reason', async () => {
    await using app = await start()
    await openAccounts(app, 2, 2)
    const abort = new AbortController()
    const reason = new Error('enough')
    const followed = reading(app.events({ follow: true, signal: abort.signal }))
    await until('them', () => followed.seen.length === 6)

    abort.abort(reason)

    await expect(followed.over).rejects.toBe(reason)
    await expect(all(app.events({ signal: abort.signal }))).rejects.toBe(reason)
  })

  it('that is followed is over when the app stops, and one that was to reach the end says so', async () => {
    const app = await start()
    await openAccounts(app, 2, 2)
    const followed = reading(app.events({ follow: true }))
    await until('them', () => followed.seen.length === 6)
    const half = app.events()
    await half.next()

    await app.stop()

    await followed.over
    await expect(half.next()).rejects.toThrow('the app is stopping')
    await expect(all(app.events())).rejects.toBeInstanceOf(AppStopped)
  })

  it('leaves nothing behind when its reader breaks off', async () => {
    const app = await start()
    await openAccounts(app, 2, 2)
    expect(await first(app.events({ follow: true }))).toMatchObject({ version: 1 })
    expect(await first(app.events())).toMatchObject({ version: 1 })

    // The database is dropped after this, and would notice.
    await app.stop()
  })
})

async function first<T>(events: AsyncIterable<T>): Promise<T | undefined> {
  for await (const event of events) return event
  return undefined
}

function expectOrdered(events: readonly { readonly position: bigint }[]): void {
  const positions = events.map(({ position }) => position)
  expect(positions.every((position, index) => index === 0 || position > (positions[index - 1] ?? 0n))).toBe(
    true,
  )
}
