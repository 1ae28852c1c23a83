import {
  boolean,
  date,
  int,
  long,
  optional,
  Projection,
  Projects,
  type Row,
  string,
  TableProjection,
} from 'reprise'
import { Account } from '../account/account.js'
import { AccountClosed, AccountOpened, CreditBooked, DebitBooked } from '../account/events.js'

type BalanceRow = Row<typeof Balances>

/** Where each account stands. */
@Projection({ name: 'balances', version: 1, from: [Account] })
export class Balances extends TableProjection({
  table: 'balances',
  key: 'account_number',
  columns: {
    account_number: string(),
    balance: long(0n),
    bookings: int(0),
    opened_on: date(),
    last_booked_on: optional(date()),
    closed: boolean(false),
  },
  indexes: [['balance']],
}) {
  @Projects(AccountOpened)
  opened({ openedOn }: AccountOpened, row: BalanceRow) {
    row.opened_on = openedOn
  }

  @Projects(CreditBooked)
  credited({ amount, bookedOn }: CreditBooked, row: BalanceRow) {
    book(row, amount, bookedOn)
  }

  @Projects(DebitBooked)
  debited({ amount, bookedOn }: DebitBooked, row: BalanceRow) {
    book(row, -amount, bookedOn)
  }

  @Projects(AccountClosed)
  closed(_: AccountClosed, row: BalanceRow) {
    row.closed = true
  }
}

function book(row: BalanceRow, amount: bigint, day: string): void {
  row.balance += amount
  row.bookings += 1
  row.last_booked_on = day
}
