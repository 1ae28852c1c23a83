import { type CreateTables, type Delivery, Projection, Projects, SqlProjection } from 'reprise'
import { Account } from '../../examples/banking/src/account/account.js'
import { CreditBooked } from '../../examples/banking/src/account/events.js'
import { Gate } from './gate.js'

export interface NaiveTables {
  naive_totals: { day_and_operation: string; credited: bigint }
}

const gate = new Gate()
let arrived = 0

/** Lets nobody on before two have read: what load brings about sooner or later. */
function meet(): Promise<void> {
  arrived += 1
  if (arrived === 2) gate.open()
  return gate.opened
}

/**
 * What the daily totals say of credits, as one would write it by hand: read the row, add, write it back. Lanes overwrite
 * each other.
 */
@Projection({ name: 'naive_totals', version: 1, from: [Account] })
export class NaiveTotals extends SqlProjection<NaiveTables> {
  static tables: CreateTables = async (db, schema) => {
    await db
      .withSchema(schema)
      .schema.createTable('naive_totals')
      .addColumn('day_and_operation', 'text', (column) => column.primaryKey())
      .addColumn('credited', 'bigint', (column) => column.notNull())
      .execute()
  }

  @Projects(CreditBooked)
  async credited({ amount, bookedOn, operation }: CreditBooked, { tx }: Delivery<NaiveTables>) {
    const key = `${bookedOn} ${operation ?? 'bank'}`
    const row = await tx
      .selectFrom('naive_totals')
      .select('credited')
      .where('day_and_operation', '=', key)
      .executeTakeFirst()
    await meet()
    const credited = (row?.credited ?? 0n) + amount
    await tx
      .insertInto('naive_totals')
      .values({ day_and_operation: key, credited })
      .onConflict((conflict) => conflict.column('day_and_operation').doUpdateSet({ credited }))
      .execute()
  }
}
