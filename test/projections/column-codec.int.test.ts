import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import {
  array,
  bytes,
  decimal,
  double,
  type Field,
  long,
  map,
  optional,
  record,
  string,
  timestamp,
  timestampMicros,
} from '../../src/core/fields/index.js'
import { createPool } from '../../src/postgres/pool.js'
import { type ColumnCodec, codecOf } from '../../src/projections/postgres/column-codec.js'
import type { ReadRow } from '../../src/projections/index.js'
import { useDatabase } from '../support/database.js'
import { definitions, oneOfEachKind, valuesOf } from '../support/field-kinds.js'
import { silentLogger } from '../support/silent-logger.js'

type AnyField = Field<unknown, boolean>

/** Parsers and settings of a caller's own: a codec that leans on any of them fails. */
const strangersParsers = { getTypeParser: () => (text: string) => text }
const strangersSettings = `
  SET TimeZone = 'Asia/Kathmandu';
  SET DateStyle = 'German, DMY';
  SET bytea_output = 'escape';
  SET extra_float_digits = -15`

const database = useDatabase()
let client: pg.Client
beforeAll(async () => {
  client = new pg.Client({ connectionString: database.url, types: strangersParsers })
  await client.connect()
  await client.query(strangersSettings)
})
afterAll(() => client.end())

describe('codecOf', () => {
  it.each(Object.entries(oneOfEachKind) as [string, AnyField][])(
    'carries the values of %s through a column of its type, whatever the session and the client are set to',
    async (name, field) => {
      const codec = codecOf({ field })
      const table = `column_${name}`
      await client.query(`CREATE TABLE ${table} (place integer, "the value" ${codec.type})`)

      await fc.assert(
        fc.asyncProperty(fc.array(valuesOf(field), { minLength: 1, maxLength: 40 }), async (values) => {
          expect(await throughColumn(table, codec, values)).toStrictEqual(
            values.map((it) => (it === undefined ? undefined : field.copy(it))),
          )
        }),
        { numRuns: 40 },
      )
    },
  )

  it('carries values of any nesting through jsonb', async () => {
    await client.query('CREATE TABLE column_nested (place integer, "the value" jsonb)')
    const cases = definitions
      .filter(({ depth }) => depth > 0)
      .chain((field) =>
        fc.tuple(fc.constant(field), fc.array(valuesOf(field), { minLength: 1, maxLength: 10 })),
      )

    await fc.assert(
      fc.asyncProperty(cases, async ([field, values]) => {
        const codec = codecOf({ field })
        const read = await throughColumn('column_nested', codec, values)
        // Vitest's own would take a field called constructor for the class of its record.
        deepStrictEqual(
          read,
          values.map((it) => field.copy(it)),
        )
      }),
      { numRuns: 150 },
    )
  })

  it('carries bytes that Postgres would break into many lines', async () => {
    const field = bytes()
    await client.query('CREATE TABLE column_long (place integer, "the value" bytea)')
    const value = new Uint8Array(100_000).map((_, index) => index % 256)

    const [read] = await throughColumn('column_long', codecOf({ field }), [value])

    expect(Buffer.compare(read as Uint8Array, value)).toBe(0)
    expect(read).not.toBeInstanceOf(Buffer)
  })

  it.each([
    ['timestamp', new Date('0001-01-01T00:00:00.000Z')],
    ['timestamp', new Date('0999-12-31T23:59:59.999Z')],
    ['timestamp', new Date('9999-12-31T23:59:59.999Z')],
    ['timestamp', new Date('1890-06-15T12:00:00.123Z')],
    ['date', '0001-01-01'],
    ['date', '9999-12-31'],
    ['timestampMicros', -62135596800000000n],
    ['timestampMicros', 253402300799999999n],
    ['double', 5e-324],
    ['double', -1.7976931348623157e308],
  ])('carries the extreme %s %s', async (kind, value) => {
    const field: AnyField | undefined = Object.values(oneOfEachKind).find((it) => it.kind === kind)
    if (field === undefined) throw new Error(`no field of kind ${kind}`)
    const codec = codecOf({ field })

    const { rows } = await client.query<{ text: string }>(
      `SELECT ${codec.select('it')} AS text FROM (SELECT $1::${codec.type} AS it) AS one`,
      [codec.write(value)],
    )

    expect(codec.read(rows[0]?.text ?? null)).toStrictEqual(value)
  })

  it.each(Object.entries(oneOfEachKind) as [string, AnyField][])(
    'takes null for an absent %s',
    (_, field) => {
      const codec = codecOf({ field: optional(field as Field<unknown>) })

      expect([codec.write(undefined), codec.write(null), codec.read(null)]).toEqual([null, null, undefined])
    },
  )

  it('gives equal maps and records equal text, whatever order they were made in', () => {
    const rates = codecOf({ field: map(long()) })
    const oneWay = codecOf({ field: record({ a: long(), b: long() }) })
    const otherWay = codecOf({ field: record({ b: long(), a: long() }) })

    expect(
      rates.write(
        new Map([
          ['b', 1n],
          ['a', 2n],
        ]),
      ),
    ).toBe(
      rates.write(
        new Map([
          ['a', 2n],
          ['b', 1n],
        ]),
      ),
    )
    expect(oneWay.write({ a: 1n, b: 2n })).toBe(otherWay.write({ b: 2n, a: 1n }))
  })

  it('reads what stands for no value so that the check of its field refuses it', () => {
    const refusal = (field: AnyField, text: string) => field.check(codecOf({ field }).read(text), 'it')

    expect(refusal(timestamp(), 'infinity')).toHaveLength(1)
    expect(refusal(decimal(5, 2), 'NaN')).toHaveLength(1)
    expect(refusal(double(), '7ff8000000000000')).toHaveLength(1)
    expect(refusal(array(long()), '["1", null]')).toHaveLength(1)
    expect(refusal(map(long()), '{"a": "1"}')).toHaveLength(1)
  })
})

describe('ReadRow', () => {
  it('says what a query of the columns gives', async () => {
    const columns = {
      id: string(),
      data: bytes(),
      price: decimal(10, 2),
      weight: double(),
      at: timestampMicros(),
      rates: map(timestamp()),
      lines: optional(array(record({ amount: long(), note: optional(string()) }))),
    }
    const row = {
      id: 'a',
      data: Uint8Array.of(0, 255),
      price: '1.50',
      weight: 0.1,
      at: 1n,
      rates: new Map([['__proto__', new Date(0)]]),
      lines: [{ amount: 7n }],
    }
    const pool = createPool({
      url: database.url,
      applicationName: 'reader',
      size: 1,
      idleInTransaction: 10_000,
      logger: silentLogger,
    })
    await using db = new Kysely<{ things: ReadRow<typeof columns> }>({
      dialect: new PostgresDialect({ pool }),
    })
    const codecs = Object.entries(columns).map(([name, field]) => ({ name, codec: codecOf({ field }) }))
    await pool.query(
      `CREATE TABLE things (${codecs.map(({ name, codec }) => `${name} ${codec.type}`).join(', ')})`,
    )
    await pool.query(
      `INSERT INTO things VALUES (${codecs.map(({ codec }, index) => `$${index + 1}::${codec.type}`).join(', ')})`,
      codecs.map(({ name, codec }) => codec.write(Reflect.get(row, name))),
    )

    const read = await db.selectFrom('things').selectAll().executeTakeFirstOrThrow()

    expectTypeOf(read).toEqualTypeOf<{
      id: string
      data: Uint8Array
      price: string
      weight: number
      at: bigint
      rates: readonly (readonly [key: string, value: string])[]
      lines: readonly { readonly amount: string; readonly note?: string | undefined }[] | null
    }>()
    expect(read).toEqual({
      ...row,
      data: Buffer.from([0, 255]),
      rates: [['__proto__', '1970-01-01T00:00:00.000Z']],
      lines: [{ amount: '7' }],
    })
  })
})

/** Writes in bulk as a projector does, an array for the column, and reads back in order. */
async function throughColumn(
  table: string,
  { type, select, read, write }: ColumnCodec,
  values: readonly unknown[],
): Promise<readonly unknown[]> {
  await client.query(`DELETE FROM ${table}`)
  await client.query(
    `INSERT INTO ${table} SELECT place, value FROM unnest($1::${type}[]) WITH ORDINALITY AS it (value, place)`,
    [values.map((it) => write(it))],
  )
  const { rows } = await client.query<{ text: string | null }>(
    `SELECT ${select('"the value"')} AS text FROM ${table} ORDER BY place`,
  )
  return rows.map(({ text }) => read(text))
}
