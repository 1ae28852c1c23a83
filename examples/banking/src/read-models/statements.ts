import { type CreateTables, type Delivery, Projection, Projects, SqlProjection } from 'reprise'
import { Account } from '../account/account.js'
import { CreditBooked, DebitBooked } from '../account/events.js'

export interface StatementLine {
  account_number: string
  /** The version of the account that the booking made. */
  version: number
  /** The bank's number; bookings that were made here have none. */
  transaction_id: string | null
  booked_on: string
  /** Hellers; what was taken from the account is negative. */
  amount: bigint
  balance_after: bigint
  operation: string | null
  purpose: string | null
  partner_bank: string | null
  partner_account: string | null
}

export interface StatementTables {
  statement_lines: StatementLine
}

/** What each account's statement says, line by line. */
@Projection({ name: 'statements', version: 1, from: [Account] })
export class Statements extends SqlProjection<StatementTables> {
  static tables: CreateTables = async (db, schema) => {
    const { schema: ddl } = db.withSchema(schema)
    await ddl
      .createTable('statement_lines')
      .addColumn('account_number', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('transaction_id', 'text', (column) => column.unique())
      .addColumn('booked_on', 'date', (column) => column.notNull())
      .addColumn('amount', 'bigint', (column) => column.notNull())
      .addColumn('balance_after', 'bigint', (column) => column.notNull())
      .addColumn('operation', 'text')
      .addColumn('purpose', 'text')
      .addColumn('partner_bank', 'text')
      .addColumn('partner_account', 'text')
      .addPrimaryKeyConstraint('statement_lines_pkey', ['account_number', 'version'])
      .execute()
  }

  @Projects(CreditBooked)
  async credited(booking: CreditBooked, delivery: Delivery<StatementTables>) {
    await addLine(booking, booking.amount, delivery)
  }

  @Projects(DebitBooked)
  async debited(booking: DebitBooked, delivery: Delivery<StatementTables>) {
    await addLine(booking, -booking.amount, delivery)
  }
}

async function addLine(
  booking: CreditBooked | DebitBooked,
  amount: bigint,
  { tx, envelope: { stream, version } }: Delivery<StatementTables>,
): Promise<void> {
  await tx
    .insertInto('statement_lines')
    .values((eb) => {
      const before = eb
        .selectFrom('statement_lines')
        .select('balance_after')
        .where('account_number', '=', stream.id)
        .orderBy('version', 'desc')
        .limit(1)
      return {
        account_number: stream.id,
        version,
        transaction_id: booking.transactionId ?? null,
        booked_on: booking.bookedOn,
        amount,
        balance_after: eb(eb.fn.coalesce(before, eb.val(0n)), '+', amount),
        operation: booking.operation ?? null,
        purpose: booking.purpose ?? null,
        partner_bank: booking.partnerBank ?? null,
        partner_account: booking.partnerAccount ?? null,
      }
    })
    .execute()
}
