import { Container } from 'inversify'
import type { Kysely } from 'kysely'
import {
  Aggregate,
  AggregateRoot,
  Applies,
  Command,
  type Context,
  defineApp,
  DefinitionError,
  type Delivery,
  DomainEvent,
  Handles,
  Preparations,
  Prepares,
  Projection,
  Projects,
  Reprise,
  SqlProjection,
  string,
} from 'reprise'
import { describe, expect, it } from 'vitest'
import { ask, quietly, rebuildOf, useFreshDatabases } from '../support/read-side.js'

interface Rates {
  of(currency: string): Promise<string>
}
interface Names {
  of(currency: string): string
}
const RATES = Symbol('rates')
/** Also a token, as inversify takes classes. */
abstract class NameService implements Names {
  abstract of(currency: string): string
}

class EnglishNames extends NameService {
  of(currency: string): string {
    return currency === 'CHF' ? 'franc' : currency
  }
}

class Noted extends DomainEvent('Noted', { currency: string(), rate: string() }) {}
class NoteRate extends Command('NoteRate', { id: string(), currency: string() })('id') {}

@Aggregate({ name: 'note', events: [Noted] })
class Note extends AggregateRoot<Noted> {
  @Handles(NoteRate, { expect: 'any' })
  note({ currency }: NoteRate, { prepared }: Context<string>) {
    this.emit(new Noted({ currency, rate: prepared }))
  }

  @Applies(Noted)
  noted() {}
}

@Preparations({ inject: [RATES] })
class Today {
  constructor(private readonly rates: Rates) {}

  @Prepares(NoteRate)
  async rate({ currency }: NoteRate) {
    return this.rates.of(currency)
  }
}

interface Tables {
  notes: { id: string; text: string }
}

@Projection({ name: 'notes', version: 1, from: [Note], inject: [NameService] })
class Notes extends SqlProjection<Tables> {
  constructor(private readonly names: Names) {
    super()
  }

  static async tables(db: Kysely<unknown>, schema: string) {
    await db.schema
      .withSchema(schema)
      .createTable('notes')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('text', 'text', (column) => column.notNull())
      .execute()
  }

  @Projects(Noted)
  async noted({ currency, rate }: Noted, { tx, envelope }: Delivery<Tables>) {
    const text = `${this.names.of(currency)} at ${rate}`
    await tx.insertInto('notes').values({ id: envelope.stream.id, text }).execute()
  }
}

const notes = defineApp({ name: 'notes', aggregates: [Note], projections: [Notes], preparations: [Today] })
const freshDatabase = useFreshDatabases()

/** Counts how often each service is made. */
function containerOfServices(): { readonly container: Container; readonly made: string[] } {
  const made: string[] = []
  const container = new Container({ defaultScope: 'Singleton' })
  container.bind<Rates>(RATES).toDynamicValue(async () => {
    made.push('rates')
    return Promise.resolve({ of: (currency) => Promise.resolve(currency === 'CHF' ? '1.06' : '1') })
  })
  container.bind(NameService).toDynamicValue(() => {
    made.push('names')
    return new EnglishNames()
  })
  return { container, made }
}

describe('an app with a container of its user', () => {
  it('makes preparing steps and projections with its services, each fetched once', async () => {
    const { container, made } = containerOfServices()
    await using app = await Reprise.start(notes, quietly(await freshDatabase(), { container }))

    const first = await app.execute(new NoteRate({ id: '1', currency: 'CHF' }))
    const second = await app.execute(new NoteRate({ id: '2', currency: 'EUR' }))
    for (const receipt of [first, second]) await app.projections.caughtUp(Notes, receipt)

    expect(await app.read(Notes, 'notes').selectAll().orderBy('id').execute()).toEqual([
      { id: '1', text: 'franc at 1.06' },
      { id: '2', text: 'EUR at 1' },
    ])
    expect(made.sort()).toEqual(['names', 'rates'])
  })

  it('finds services in the parent of that container', async () => {
    const { container } = containerOfServices()
    const child = new Container({ parent: container })

    await using app = await Reprise.start(notes, quietly(await freshDatabase(), { container: child }))
    const receipt = await app.execute(new NoteRate({ id: '1', currency: 'CHF' }))
    await app.projections.caughtUp(Notes, receipt)
  })

  it('leaves the container as it was, and none of its own parts in it', async () => {
    const { container } = containerOfServices()
    const before = Object.getOwnPropertyNames(container)
    const own = ['event-store', 'command-bus', 'installation'].map((name) => Symbol.for(`reprise/${name}`))

    await (await Reprise.start(notes, quietly(await freshDatabase(), { container }))).stop()

    expect(Object.getOwnPropertyNames(container)).toEqual(before)
    expect(own.map((token) => container.isBound(token))).toEqual([false, false, false])
    expect(container.isBound(RATES) && container.isBound(NameService)).toBe(true)
  })

  it('rebuilds a projection with its services', async () => {
    const url = await freshDatabase()
    const { container } = containerOfServices()
    await using app = await Reprise.start(notes, quietly(url, { container }))
    const receipt = await app.execute(new NoteRate({ id: '1', currency: 'CHF' }))
    await app.projections.caughtUp(Notes, receipt)

    await rebuildOf(url, 'notes', { app: notes, start: { container } })

    expect(await ask(url, 'SELECT id, text FROM notes.notes')).toEqual([{ id: '1', text: 'franc at 1.06' }])
  })
})

describe('a start', () => {
  it('names every class and service that the container lacks, and has touched nothing then', async () => {
    const url = await freshDatabase({ migrated: false })

    for (const container of [undefined, new Container()]) {
      const failure = await failureOf(
        Reprise.start(notes, quietly(url, container === undefined ? {} : { container })),
      )

      expect(failure).toBeInstanceOf(DefinitionError)
      expect((failure as DefinitionError).faults).toEqual([
        expect.stringMatching(
          /^projection notes: class Notes injects the class NameService,.*\{ container \}$/,
        ),
        expect.stringMatching(/^preparing steps: class Today injects Symbol\(rates\),/),
      ])
    }
    expect(await ask(url, `SELECT nspname FROM pg_namespace WHERE nspname LIKE 'reprise%'`)).toEqual([])
  })

  it('fetches no service when one is missing', async () => {
    const { container, made } = containerOfServices()
    container.unbind(NameService)

    await expect(Reprise.start(notes, quietly(await freshDatabase(), { container }))).rejects.toThrow(
      'NameService',
    )

    expect(made).toEqual([])
  })

  it('needs only the services of its roles', async () => {
    const url = await freshDatabase()
    const { container, made } = containerOfServices()
    container.unbind(NameService)

    await using app = await Reprise.start(notes, quietly(url, { container, roles: ['api'] }))
    await app.execute(new NoteRate({ id: '1', currency: 'CHF' }))
    await (await Reprise.start(notes, quietly(url, { roles: ['relay'] }))).stop()

    expect(made).toEqual(['rates'])
    await expect(Reprise.start(notes, quietly(url, { container, roles: ['projections'] }))).rejects.toThrow(
      'NameService',
    )
  })

  it('fails with what a service fails with, and leaves nothing open', async () => {
    const { container } = containerOfServices()
    container.unbind(RATES)
    container.bind<Rates>(RATES).toDynamicValue(() => Promise.reject(new Error('no rates today')))

    await expect(Reprise.start(notes, quietly(await freshDatabase(), { container }))).rejects.toThrow(
      'no rates today',
    )
  })

  it('fails with what a class of its own fails with when it is made, and leaves nothing open', async () => {
    @Preparations()
    class Broken {
      constructor() {
        throw new Error('not made today')
      }

      @Prepares(NoteRate)
      async rate() {
        return Promise.resolve('1')
      }
    }
    const app = defineApp({ name: 'notes', aggregates: [Note], preparations: [Broken] })

    await expect(Reprise.start(app, quietly(await freshDatabase()))).rejects.toThrow('not made today')
  })
})

function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  )
}
