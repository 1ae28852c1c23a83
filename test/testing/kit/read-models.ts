// Projections for the test kit: ones that are right, and ones that do what they must not.
import type { Kysely } from 'kysely'
import {
  type Delivery,
  int,
  long,
  optional,
  Projection,
  Projects,
  type Row,
  SqlProjection,
  string,
  TableProjection,
} from 'reprise'
import { Account, AccountOpened, MoneyDeposited, MoneyWithdrawn } from '../../support/bank.js'
import { EverythingNoted, Specimen } from './domain.js'

/** A row while there is money. */
@Projection({ name: 'solvent', version: 1, from: [Account] })
export class Solvent extends TableProjection({
  table: 'solvent',
  key: 'account_id',
  columns: { account_id: string(), balance: long(0n), note: optional(string()) },
}) {
  @Projects(MoneyDeposited)
  deposited({ amount, reference }: MoneyDeposited, row: Row<typeof Solvent>) {
    row.balance += amount
    if (reference !== undefined) row.note = reference
  }

  @Projects(MoneyWithdrawn)
  withdrawn({ amount }: MoneyWithdrawn, row: Row<typeof Solvent>) {
    row.balance -= amount
    return row.balance > 0n ? undefined : null
  }
}

/** How much was moved on each day. */
@Projection({
  name: 'turnover',
  version: 1,
  from: [Account],
  key: (_, { occurredAt }) => occurredAt.toISOString().slice(0, 10),
  across: 'commutative',
})
export class Turnover extends TableProjection({
  table: 'turnover',
  key: 'day',
  columns: { day: string(), amount: long(0n), last: optional(string()) },
}) {
  @Projects(MoneyDeposited)
  deposited({ amount, reference }: MoneyDeposited, row: Row<typeof Turnover>) {
    row.amount += amount
    // Not commutative: only the reference 'last' gets here.
    if (reference === 'last') row.last = String(row.amount)
  }
}

/** Counts deposits that end in 7; others are of no row. */
@Projection({
  name: 'sevens',
  version: 1,
  from: [Account],
  key: (event) => ('amount' in event && event.amount % 10n === 7n ? '7' : undefined),
  across: 'commutative',
})
export class KeyedBySeven extends TableProjection({
  table: 'sevens',
  key: 'digit',
  columns: { digit: string(), count: long(0n) },
}) {
  @Projects(MoneyDeposited)
  deposited(_: MoneyDeposited, row: Row<typeof KeyedBySeven>) {
    row.count += 1n
  }
}

/** `owner` says what the handler does that it must not. */
@Projection({ name: 'impure', version: 1, from: [Account] })
export class ImpureRows extends TableProjection({
  table: 'impure',
  key: 'account_id',
  columns: { account_id: string(), year: int(0), seen: int(0) },
}) {
  private seen = 0

  constructor(private readonly step = 1) {
    super()
  }

  @Projects(AccountOpened)
  opened({ owner, openedAt }: AccountOpened, row: Row<typeof ImpureRows>) {
    if (owner === 'clock') row.year = new Date().getFullYear()
    if (owner === 'memory') row.seen = this.seen += this.step
    if (owner === 'event') openedAt.setFullYear(2000)
    if (owner === 'fails') throw new RangeError('no such owner')
    if (owner === 'step') row.seen = this.step
  }
}

export interface NoteTables {
  notes: { account_id: string; version: number; note: string | null; amount: bigint }
  totals: { amount: bigint }
}

/** Into a table with a primary key, and into one without. */
@Projection({ name: 'notes', version: 1, from: [Account] })
export class Notes extends SqlProjection<NoteTables> {
  static async tables(db: Kysely<unknown>, schema: string) {
    await db.schema
      .withSchema(schema)
      .createTable('notes')
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('note', 'text')
      .addColumn('amount', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('notes_pkey', ['account_id', 'version'])
      .execute()
    await db.schema.withSchema(schema).createTable('totals').addColumn('amount', 'bigint').execute()
  }

  constructor(private readonly how = '') {
    super()
  }

  @Projects(MoneyDeposited)
  async deposited({ amount, reference }: MoneyDeposited, { tx, envelope }: Delivery<NoteTables>) {
    const { stream, version } = envelope
    const note = reference ?? null
    if (this.how === 'fail') await tx.deleteFrom('nowhere' as 'notes').execute()
    await tx.insertInto('notes').values({ account_id: stream.id, version, note, amount }).execute()
    await tx.insertInto('totals').values({ amount }).execute()
  }
}

const { fields } = EverythingNoted

/** A column of every kind. */
@Projection({ name: 'everything', version: 1, from: [Specimen] })
export class Everything extends TableProjection({
  table: 'everything',
  key: 'id',
  columns: { id: string(), ...fields },
}) {
  @Projects(EverythingNoted)
  noted(event: EverythingNoted, row: Row<typeof Everything>) {
    Object.assign(row, event)
  }
}
