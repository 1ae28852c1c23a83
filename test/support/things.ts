// A read model with a column of every kind that has an order, filled by the tests themselves.
import {
  array,
  boolean,
  bytes,
  date,
  decimal,
  defineApp,
  double,
  enumeration,
  int,
  long,
  optional,
  Projection,
  Projects,
  string,
  TableProjection,
  timestamp,
  timestampMicros,
  uuid,
} from 'reprise'
import { Account, AccountOpened } from './bank.js'
import { Reader } from './read-side.js'

@Projection({ name: 'things', version: 1, from: [Account] })
export class Things extends TableProjection({
  table: 'things',
  key: 'id',
  columns: {
    id: string(),
    amount: long(0n),
    label: optional(string()),
    size: optional(int()),
    weight: optional(long()),
    ratio: optional(double()),
    price: optional(decimal(9, 2)),
    paid: optional(boolean()),
    token: optional(uuid()),
    at: optional(timestamp()),
    micros: optional(timestampMicros()),
    day: optional(date()),
    state: optional(enumeration(['open', 'closed'])),
    raw: optional(bytes()),
    tags: optional(array(string())),
  },
  indexes: [['amount'], ['label', 'id'], ['at']],
}) {
  @Projects(AccountOpened)
  opened() {}
}

export const thingsApp = defineApp({ name: 'store_room', aggregates: [Account], projections: [Things] })

/** Every column that has an order, and that may be without a value. */
export const ORDERED = [
  'label',
  'size',
  'weight',
  'ratio',
  'price',
  'paid',
  'token',
  'at',
  'micros',
  'day',
  'state',
  'raw',
] as const

const TABLE = 'store_room_things_g1.things'

/** The rows of the things, written past the projection. */
export class ThingRows implements AsyncDisposable {
  readonly #reader: Reader

  private constructor(reader: Reader) {
    this.#reader = reader
  }

  static async open(url: string): Promise<ThingRows> {
    return new ThingRows(await Reader.open(url))
  }

  /** Just so many things. */
  async fill(count: number): Promise<void> {
    await this.#reader.rows(`TRUNCATE ${TABLE}`)
    await this.add(count)
  }

  /** So many more things, of which some have the same values, and some none. */
  async add(count: number, prefix = 'thing'): Promise<void> {
    await this.#reader.rows(
      `INSERT INTO ${TABLE}
       SELECT $2 || n, n % 7,
              CASE WHEN n % 5 > 0 THEN (ARRAY['zebra', 'Äpfel', 'apple', 'item 10', 'item 9', '', '"quoted"'])[1 + n % 7] END,
              CASE WHEN n % 4 > 0 THEN n % 6 - 3 END,
              CASE WHEN n % 4 > 0 THEN (n % 6)::bigint * -1152921504606846976 END,
              CASE WHEN n % 4 > 0 THEN (ARRAY[0.1, 5e-324, 1.7976931348623157e308, -0.3, 0])[1 + n % 5]::double precision END,
              CASE WHEN n % 4 > 0 THEN (n % 6) * 0.07 END,
              CASE WHEN n % 4 > 0 THEN n % 3 = 0 END,
              CASE WHEN n % 4 > 0 THEN md5((n % 6)::text)::uuid END,
              CASE WHEN n % 4 > 0 THEN timestamptz '0001-01-01 00:00:00.001Z' + (n % 6) * interval '300 years 1 ms' END,
              CASE WHEN n % 4 > 0 THEN (n % 6)::bigint * 1234567 END,
              CASE WHEN n % 4 > 0 THEN date '0001-02-28' + (n % 6) * 1000 END,
              CASE WHEN n % 4 > 0 THEN (ARRAY['open', 'closed'])[1 + n % 2] END,
              CASE WHEN n % 4 > 0 THEN decode(md5((n % 6)::text), 'hex') END,
              NULL
       FROM generate_series(1, $1::integer) AS n`,
      [count, prefix],
    )
    await this.#reader.rows(`ANALYZE ${TABLE}`)
  }

  async delete(ids: readonly string[]): Promise<void> {
    await this.#reader.rows(`DELETE FROM ${TABLE} WHERE id = ANY($1)`, [ids])
  }

  /** Ids in the order of a column, as the database has it. */
  async idsBy(column: string, direction: 'asc' | 'desc'): Promise<readonly string[]> {
    const rows = await this.#reader.rows<{ id: string }>(
      `SELECT id FROM ${TABLE} ORDER BY ${column} ${direction}, id ${direction}`,
    )
    return rows.map(({ id }) => id)
  }

  /** The lines of a plan. */
  async explain(statement: string, parameters: readonly unknown[]): Promise<string> {
    const rows = await this.#reader.rows<{ 'QUERY PLAN': string }>(`EXPLAIN ${statement}`, parameters)
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#reader[Symbol.asyncDispose]()
  }
}
