import { sql, type Kysely } from 'kysely'
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import {
  Aggregate,
  AggregateRoot,
  Applies,
  boolean,
  Command,
  CommandRejected,
  date,
  defineApp,
  type Delivery,
  DomainEvent,
  enumeration,
  Handles,
  int,
  long,
  optional,
  Projection,
  Projects,
  EventParked,
  Reprise,
  type Row,
  SqlProjection,
  string,
  TableProjection,
  timestamp,
  uuid,
} from 'reprise'
import { ask, quietly, rebuildOf, useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
const zone = process.env['TZ']
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})
afterEach(() => {
  if (zone === undefined) delete process.env['TZ']
  else process.env['TZ'] = zone
})

const everything = {
  text: string(),
  small: int(),
  large: long(),
  flag: boolean(),
  ref: uuid(),
  moment: timestamp(),
  day: date(),
  kind: enumeration(['plain', 'with "quotes", {braces} and \\']),
  note: optional(string()),
  when: optional(timestamp()),
}

class Noted extends DomainEvent('Noted', everything) {}
class Spoiled extends DomainEvent('Spoiled', { how: string() }) {}
class Note extends Command('Note', { id: string(), ...everything })('id') {}
class Spoil extends Command('Spoil', { id: string(), how: string() })('id') {}

@Aggregate({ name: 'sheet', events: [Noted, Spoiled], topic: { partitions: 2 } })
class Sheet extends AggregateRoot<Noted | Spoiled> {
  @Handles(Note, { expect: 'any' })
  note(note: Note) {
    const { id, ...values } = note
    if (id === '') throw new CommandRejected('a note needs an id')
    this.emit(new Noted(values))
  }

  @Handles(Spoil, { expect: 'any' })
  spoil({ how }: Spoil) {
    this.emit(new Spoiled({ how }))
  }

  @Applies(Noted)
  noted() {}

  @Applies(Spoiled)
  spoiled() {}
}

@Projection({ name: 'sheets', version: 1, from: [Sheet] })
class Sheets extends TableProjection({
  table: 'sheets',
  key: 'id',
  columns: { id: string(), changes: int(0), ...everything },
  indexes: [['kind', 'day']],
}) {
  @Projects(Noted)
  noted(event: Noted, row: Row<typeof Sheets>) {
    row.changes++
    row.note = undefined
    row.when = undefined
    Object.assign(row, event)
  }

  @Projects(Spoiled)
  spoiled({ how }: Spoiled, row: Row<typeof Sheets>) {
    if (how === 'the key') row.id = 'another'
    if (how === 'a type') row.small = 1.5
  }
}

interface LineTables {
  lines: { id: string; version: number; text: string }
  counts: { id: string; lines: bigint }
}

@Projection({ name: 'lines', version: 1, from: [Sheet] })
class Lines extends SqlProjection<LineTables> {
  static async tables(db: Kysely<unknown>, schema: string) {
    await sql`CREATE TABLE ${sql.id(schema, 'lines')} (id text, version int, text text, PRIMARY KEY (id, version))`.execute(
      db,
    )
    await sql`CREATE TABLE ${sql.id(schema, 'counts')} (id text PRIMARY KEY, lines bigint NOT NULL)`.execute(
      db,
    )
  }

  @Projects(Noted)
  async noted({ text }: Noted, { tx, envelope, schema }: Delivery<LineTables>) {
    const { stream, version } = envelope
    await tx.insertInto('lines').values({ id: stream.id, version, text }).execute()
    await sql`INSERT INTO ${sql.id(schema, 'counts')} AS c VALUES (${stream.id}, 1)
              ON CONFLICT (id) DO UPDATE SET lines = c.lines + 1`.execute(tx)
  }
}

const sheets = defineApp({ name: 'desk', aggregates: [Sheet], projections: [Sheets, Lines] })

const plain = {
  text: '',
  small: 0,
  large: 0n,
  flag: false,
  ref: '00000000-0000-0000-0000-000000000000',
  moment: new Date(0),
  day: '1970-01-01',
  kind: 'plain',
} as const

const extremes = [
  {
    text: 'a\'b"c\\d,{}()NULL\n\t☃ 𝄞',
    small: 2 ** 31 - 1,
    large: 2n ** 63n - 1n,
    flag: true,
    ref: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
    moment: new Date('9999-12-31T23:59:59.999Z'),
    day: '9999-12-31',
    kind: 'with "quotes", {braces} and \\',
    note: 'NULL',
    when: new Date('2024-03-31T01:30:00.001Z'),
  },
  {
    text: 'NULL',
    small: -(2 ** 31),
    large: -(2n ** 63n),
    flag: false,
    ref: '0190a5b4-7c1e-7000-8000-00000000000a',
    moment: new Date('0001-01-01T00:00:00.000Z'),
    day: '0001-01-01',
    kind: 'plain',
    note: '',
    when: new Date('1890-06-15T12:00:00.123Z'),
  },
] as const

describe('TableProjection', () => {
  it.each(['UTC', 'Europe/Amsterdam', 'America/St_Johns'])(
    'keeps every type of column without loss, in the zone %s',
    async (tz) => {
      process.env['TZ'] = tz
      await using app = await Reprise.start(sheets, quietly(url))
      for (const [index, values] of [plain, ...extremes].entries()) {
        const id = `sheet-${index}`
        await app.execute(new Note({ id, ...values }))
        // Read from the table and written again: once more must change nothing.
        const receipt = await app.execute(new Note({ id, ...values }))
        await app.projections.caughtUp(Sheets, receipt)

        const row = await app.read(Sheets).where('id', '=', id).selectAll().executeTakeFirstOrThrow()

        expect(row).toEqual({ note: null, when: null, ...values, id, changes: 2 })
      }
      const types = await ask(
        url,
        `SELECT column_name AS name, data_type AS type FROM information_schema.columns
         WHERE table_schema = 'desk' AND table_name = 'sheets' AND column_name IN ('large', 'moment', 'day', 'ref') ORDER BY 1`,
      )
      expect(types).toEqual([
        { name: 'day', type: 'date' },
        { name: 'large', type: 'bigint' },
        { name: 'moment', type: 'timestamp with time zone' },
        { name: 'ref', type: 'uuid' },
      ])
    },
  )

  it('gives typed rows: what is declared is what comes', async () => {
    await using app = await Reprise.start(sheets, quietly(url))
    await app.projections.caughtUp(Sheets, await app.execute(new Note({ id: 'a', ...plain, large: 7n })))

    const row = await app
      .read(Sheets)
      .where('large', '>', 6n)
      .where('moment', '<', new Date())
      .where('day', '=', '1970-01-01')
      .select(['large', 'moment', 'day', 'flag', 'small'])
      .executeTakeFirstOrThrow()

    expectTypeOf(row).toEqualTypeOf<{
      large: bigint
      moment: Date
      day: string
      flag: boolean
      small: number
    }>()
    expect(row).toEqual({ large: 7n, moment: new Date(0), day: '1970-01-01', flag: false, small: 0 })
  })

  it('turns an absent value into null and back', async () => {
    await using app = await Reprise.start(sheets, quietly(url))
    const note = async (values: { readonly note?: string }) => {
      await app.projections.caughtUp(Sheets, await app.execute(new Note({ id: 'a', ...plain, ...values })))
      return app.read(Sheets).select('note').executeTakeFirstOrThrow()
    }

    expect(await note({ note: 'here' })).toEqual({ note: 'here' })
    expect(await note({})).toEqual({ note: null })
    expect(await note({ note: '' })).toEqual({ note: '' })
  })

  it.each([
    ['does not set a column without initial value', ['a type'], 'text must be a string, not undefined'],
    ['changes the key', ['note', 'the key'], 'id is the key and must not be changed'],
    ['sets a value that does not fit its column', ['note', 'a type'], 'small must be a whole number'],
  ])('parks the event when the handler %s', async (_, steps, problem) => {
    await using app = await Reprise.start(sheets, quietly(url))
    let receipt
    for (const step of steps)
      receipt = await app.execute(
        step === 'note' ? new Note({ id: 'a', ...plain }) : new Spoil({ id: 'a', how: step }),
      )
    if (receipt === undefined) throw new Error('nothing was done')

    const failure: unknown = await app.projections
      .caughtUp(Sheets, receipt, { timeout: '20s' })
      .catch((error: unknown) => error)

    expect(failure).toBeInstanceOf(EventParked)
    expect(String(failure)).toContain(problem)
    const rows = await app.read(Sheets).select(['id', 'small']).execute()
    expect(rows).toEqual(steps[0] === 'note' ? [{ id: 'a', small: 0 }] : [])
  })
})

describe('SqlProjection', () => {
  it('writes into the schema of its generation, by the query builder and by raw SQL', async () => {
    await using app = await Reprise.start(sheets, quietly(url))
    await app.execute(new Note({ id: 'a', ...plain, text: 'one' }))
    const receipt = await app.execute(new Note({ id: 'a', ...plain, text: 'two' }))
    await app.projections.caughtUp(Lines, receipt)

    const lines = await app.read(Lines, 'lines').select('text').orderBy('version').execute()
    const counts = await app.read(Lines, 'counts').selectAll().execute()

    expect(lines).toEqual([{ text: 'one' }, { text: 'two' }])
    expect(counts).toEqual([{ id: 'a', lines: 2n }])
    await rebuildOf(url, 'lines', { app: sheets })
    expect(await ask(url, 'SELECT text FROM desk_lines_g2.lines ORDER BY version')).toEqual(lines)
    expect(await ask(url, 'SELECT lines::int FROM desk.counts')).toEqual([{ lines: 2 }])
  })

  it('is read through views in the schema of the app', async () => {
    const app = await Reprise.start(sheets, quietly(url))
    await app.stop()

    const views = await ask(
      url,
      `SELECT table_schema || '.' || table_name AS view FROM information_schema.views
       WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
    )

    expect(views).toEqual([{ view: 'desk.counts' }, { view: 'desk.lines' }, { view: 'desk.sheets' }])
  })
})
