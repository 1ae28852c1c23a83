import { date, int, long, Projection, Projects, type Row, string, TableProjection } from 'reprise'
import { Account } from '../account/account.js'
import { CreditBooked, DebitBooked } from '../account/events.js'

type TotalsRow = Row<typeof DailyTotals>
type Booking = Pick<CreditBooked, 'bookedOn' | 'operation'>

/**
 * The turnover of each day and operation, over all accounts. Bookings of many accounts meet in one row; sums do not mind
 * in which order.
 */
@Projection({
  name: 'daily_totals',
  version: 1,
  from: [Account],
  key: (event) => ('bookedOn' in event ? `${event.bookedOn} ${operationOf(event)}` : undefined),
  across: 'commutative',
})
export class DailyTotals extends TableProjection({
  table: 'daily_totals',
  key: 'day_and_operation',
  columns: {
    day_and_operation: string(),
    day: date(),
    operation: string(),
    credited: long(0n),
    debited: long(0n),
    bookings: int(0),
  },
  indexes: [['day']],
}) {
  @Projects(CreditBooked)
  credited(booking: CreditBooked, row: TotalsRow) {
    row.credited += booking.amount
    count(booking, row)
  }

  @Projects(DebitBooked)
  debited(booking: DebitBooked, row: TotalsRow) {
    row.debited += booking.amount
    count(booking, row)
  }
}

function count(booking: Booking, row: TotalsRow): void {
  row.day = booking.bookedOn
  row.operation = operationOf(booking)
  row.bookings += 1
}

/** A booking without one was made by the bank itself. */
function operationOf({ operation }: Booking): string {
  return operation ?? 'bank'
}
