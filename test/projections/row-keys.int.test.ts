import type { Pool } from 'pg'
import { sql } from 'kysely'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  date,
  decimal,
  defineApp,
  enumeration,
  type Field,
  int,
  long,
  Projection,
  Projects,
  Reprise,
  type Row,
  TableProjection,
  uuid,
} from 'reprise'
import { Account, bank, DepositMoney, MoneyDeposited, OpenAccount } from '../support/bank.js'
import { envelopes, Folding, tableModelOf } from '../support/folding.js'
import { ask, quietly, useFreshDatabases } from '../support/read-side.js'
import { useMigratedDatabase } from '../support/write-side.js'

/** Counts deposits by what their amount says; an amount of 0 is of no row. */
function countsBy(key: Field<string>, keys: readonly string[], across: 'commutative' | 'ordered') {
  const keyOf = (event: object) => ('amount' in event ? keys[Number(event.amount) - 1] : undefined)
  @Projection({ name: 'counts', version: 1, from: [Account], key: keyOf, across })
  class Counts extends TableProjection({ table: 'counts', key: 'id', columns: { id: key, count: int(10) } }) {
    @Projects(MoneyDeposited)
    deposited(_: MoneyDeposited, row: Row<typeof Counts>) {
      row.count += 1
      return row.count === 13 ? null : undefined
    }
  }
  return Counts
}

const KEYS: readonly (readonly [kind: string, field: Field<string>, keys: readonly string[]])[] = [
  ['date', date(), ['2026-03-01', '0001-01-01', '9999-12-31']],
  ['enumeration', enumeration(['open', 'closed', 'lost']), ['open', 'closed', 'lost']],
  ['decimal', decimal(6, 2), ['10.50', '0.00', '-3.20']],
  ['uuid', uuid(), [1, 2, 3].map((n) => `00000000-0000-7000-8000-00000000000${n}`)],
]

const deposited = (...amounts: readonly number[]) =>
  amounts.map((amount) => new MoneyDeposited({ amount: BigInt(amount) }))

describe.each(KEYS)('rows with a key of the kind %s', (_kind, field, keys) => {
  const database = useMigratedDatabase()
  let pool: Pool
  beforeAll(() => {
    pool = database.connect(2)
  })

  it.each(['ordered', 'commutative'] as const)(
    'are found again, changed and deleted, %s, whatever the session shows dates like',
    async (across) => {
      const folding = await Folding.into(pool, tableModelOf(countsBy(field, keys, across)))
      const envelope = envelopes()
      const apply = (...amounts: readonly number[]) =>
        folding.apply(
          deposited(...amounts).map((event) => envelope(event)),
          folding.projector(),
          async (tx) => {
            await sql`SET LOCAL datestyle = 'German'`.execute(tx)
          },
        )

      await apply(1, 2, 0)
      await apply(1, 3, 0)
      await apply(1, 2)

      const { rows } = await pool.query<{ id: string; count: number }>(
        `SELECT to_jsonb(id)#>>'{}' AS id, count FROM ${folding.table} ORDER BY count DESC`,
      )
      expect(rows).toEqual([
        { id: keys[1], count: 12 },
        { id: keys[2], count: 11 },
      ])
    },
  )
})

describe('a projection whose key gives nothing for an event', () => {
  const freshDatabase = useFreshDatabases()
  let url = ''
  beforeEach(async () => {
    url = await freshDatabase()
  })

  it.each(['ordered', 'commutative'] as const)('passes it by and goes on, %s', async (across) => {
    const Counts = countsBy(date(), ['2026-03-01', '2026-03-02', '2026-03-03'], across)
    const app = defineApp({ ...bank, projections: [Counts] })
    await using running = await Reprise.start(app, quietly(url))
    await running.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
    for (const amount of [9n, 2n, 9n, 1n, 2n, 3n])
      await running.execute(new DepositMoney({ accountId: '1', amount }))
    const since = await running.execute(new DepositMoney({ accountId: '1', amount: 9n }))

    const first = await running.query(Counts, (counts) => counts.selectAll(), {
      since,
      timeout: '20s',
      page: { size: 2 },
    })
    const rest = await running.query(Counts, (counts) => counts.selectAll(), {
      page: { size: 2, after: first.next },
    })

    expect(first.asOf).toMatchObject({ behind: 0, upToDate: true })
    expect(await ask(url, 'SELECT id::text, count FROM bank.counts ORDER BY id')).toEqual([
      { id: '2026-03-01', count: 11 },
      { id: '2026-03-02', count: 12 },
      { id: '2026-03-03', count: 11 },
    ])
    expect([first.rows.map(({ count }) => count), rest.rows.map(({ count }) => count)]).toEqual([
      [11, 12],
      [11],
    ])
    expect(rest.next).toBeUndefined()
  })
})

it('refuses keys that are no text, and keys that may be left out', () => {
  const faultsOf = (field: unknown) => {
    class Keyed extends TableProjection({ table: 't', key: 'id', columns: { id: field as Field<string> } }) {}
    try {
      Projection({ name: 't', version: 1, from: [Account] })(Keyed)
      return tableModelOf(Keyed)
    } catch (error) {
      return (error as Error).message
    }
  }

  expect(faultsOf(long())).toContain(
    'its key id must be a string, uuid, date, enumeration or decimal, and not optional',
  )
})
