import { beforeEach, expect, it } from 'vitest'
import {
  Aggregate,
  AggregateRoot,
  Applies,
  Command,
  defineApp,
  DomainEvent,
  Handles,
  Projection,
  type ProjectionClass,
  Projects,
  Reprise,
  type Row,
  string,
  TableProjection,
} from 'reprise'
import { ask, quietly, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()

let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

class Named extends DomainEvent('Named', { name: string() }) {}
class Lent extends DomainEvent('Lent', {}) {}
class Name extends Command('Name', { id: string(), name: string() })('id') {}
class Lend extends Command('Lend', { id: string() })('id') {}

const topic = { partitions: 1 }

@Aggregate({ name: 'book', events: [Named], topic })
class OldBook extends AggregateRoot<Named> {
  @Handles(Name, { expect: 'any' })
  rename({ name }: Name) {
    this.emit(new Named({ name }))
  }

  @Applies(Named)
  renamed() {}
}

@Aggregate({ name: 'book', events: [Named, Lent], topic })
class Book extends AggregateRoot<Named | Lent> {
  @Handles(Name, { expect: 'any' })
  rename({ name }: Name) {
    this.emit(new Named({ name }))
  }

  @Handles(Lend)
  lend() {
    this.emit(new Lent({}))
  }

  @Applies(Named)
  renamed() {}

  @Applies(Lent)
  lent() {}
}

/** Names of books, which being lent does not change. */
function namesOf(book: typeof OldBook | typeof Book): ProjectionClass {
  @Projection({ name: 'names', version: 1, from: [book] })
  class Names extends TableProjection({
    table: 'names',
    key: 'book_id',
    columns: { book_id: string(), name: string('') },
  }) {
    @Projects(Named)
    named({ name }: Named, row: Row<typeof Names>) {
      row.name = name
    }
  }
  return Names
}

const release = (book: typeof OldBook | typeof Book) =>
  defineApp({ name: 'library', aggregates: [book], projections: [namesOf(book)] })

const names = () => ask(url, 'SELECT book_id AS id, name FROM library.names ORDER BY 1')

async function reasons(): Promise<string> {
  const rows = await ask<{ reason: string | null }>(
    url,
    `SELECT waiting AS reason FROM reprise_read.checkpoints WHERE projection = 'names'`,
  )
  return rows.map(({ reason }) => reason).join()
}

it('an event type that a newer release entered keeps an older one waiting, which parks nothing, until the newer one takes over', async () => {
  await using older = await Reprise.start(release(OldBook), quietly(url))
  await older.execute(new Name({ id: 'a', name: 'one' }))
  await using writer = await Reprise.start(release(Book), quietly(url, { roles: ['api', 'relay'] }))
  await writer.execute(new Lend({ id: 'a' }))
  await writer.execute(new Name({ id: 'a', name: 'two' }))
  await waitFor(async () => (await reasons()).includes('a newer release is writing Lent'), {
    what: 'the lane to wait',
  })
  expect(await names()).toEqual([{ id: 'a', name: 'one' }])
  expect(await ask(url, 'SELECT FROM reprise_read.parked_events')).toEqual([])

  await using newer = await Reprise.start(release(Book), quietly(url))
  await newer.execute(new Name({ id: 'b', name: 'three' }))

  await waitFor(async () => (await names()).length === 2, { what: 'the newer release to take over' })
  expect(await names()).toEqual([
    { id: 'a', name: 'two' },
    { id: 'b', name: 'three' },
  ])
  expect(await ask(url, 'SELECT FROM reprise_read.parked_events')).toEqual([])
  expect(
    await ask(
      url,
      'SELECT stream_type, event_type, schema_version, fields FROM reprise_store.schemas ORDER BY 2',
    ),
  ).toEqual([
    { stream_type: 'book', event_type: 'Lent', schema_version: 1, fields: [] },
    {
      stream_type: 'book',
      event_type: 'Named',
      schema_version: 1,
      fields: [{ name: 'name', kind: 'string', optional: false }],
    },
  ])
})
