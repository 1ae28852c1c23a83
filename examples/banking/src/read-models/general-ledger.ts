import { type CreateTables, type Delivery, Projection, Projects, SqlProjection } from 'reprise'
import { Account } from '../account/account.js'
import { CreditBooked, DebitBooked } from '../account/events.js'

export interface LedgerEntry {
  /** 1, 2, 3 … in the order in which the store took the bookings. */
  entry: bigint
  account_number: string
  booked_on: string
  /** Hellers; what was taken from an account is negative. */
  amount: bigint
  /** What the bank owed all its customers together after this entry. */
  balance_after: bigint
}

export interface LedgerTables {
  ledger_entries: LedgerEntry
}

/** The bank's general ledger: one running balance over all accounts. It only makes sense in one order. */
@Projection({ name: 'general_ledger', version: 1, from: [Account], across: 'ordered' })
export class GeneralLedger extends SqlProjection<LedgerTables> {
  static tables: CreateTables = async (db, schema) => {
    await db
      .withSchema(schema)
      .schema.createTable('ledger_entries')
      .addColumn('entry', 'bigint', (column) => column.primaryKey())
      .addColumn('account_number', 'text', (column) => column.notNull())
      .addColumn('booked_on', 'date', (column) => column.notNull())
      .addColumn('amount', 'bigint', (column) => column.notNull())
      .addColumn('balance_after', 'bigint', (column) => column.notNull())
      .execute()
  }

  @Projects(CreditBooked)
  async credited({ amount, bookedOn }: CreditBooked, delivery: Delivery<LedgerTables>) {
    await addEntry(amount, bookedOn, delivery)
  }

  @Projects(DebitBooked)
  async debited({ amount, bookedOn }: DebitBooked, delivery: Delivery<LedgerTables>) {
    await addEntry(-amount, bookedOn, delivery)
  }
}

async function addEntry(
  amount: bigint,
  bookedOn: string,
  { tx, envelope }: Delivery<LedgerTables>,
): Promise<void> {
  await tx
    .insertInto('ledger_entries')
    .values((eb) => {
      const last = (column: 'entry' | 'balance_after') =>
        eb.fn.coalesce(
          eb.selectFrom('ledger_entries').select(column).orderBy('entry', 'desc').limit(1),
          eb.val(0n),
        )
      return {
        entry: eb(last('entry'), '+', 1n),
        account_number: envelope.stream.id,
        booked_on: bookedOn,
        amount,
        balance_after: eb(last('balance_after'), '+', amount),
      }
    })
    .execute()
}
