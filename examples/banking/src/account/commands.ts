import { Command, enumeration, long, string } from 'reprise'
import { bookingFields, SIDES } from './booking.js'

/** Writes down what the bank has booked already. That is history: it is not refused, even where it overdraws. */
export class RecordBooking extends Command('RecordBooking', {
  ...bookingFields,
  accountNumber: string(),
  transactionId: string(),
  side: enumeration(SIDES),
})('accountNumber') {}

export class OpenAccount extends Command('OpenAccount', { accountNumber: string() })('accountNumber') {}

export class Deposit extends Command('Deposit', { accountNumber: string(), amount: long() })(
  'accountNumber',
) {}

export class Withdraw extends Command('Withdraw', { accountNumber: string(), amount: long() })(
  'accountNumber',
) {}

export class CloseAccount extends Command('CloseAccount', { accountNumber: string() })('accountNumber') {}
