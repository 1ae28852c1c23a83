import { Command, enumeration, long, optional, string } from 'reprise'
import { bookingFields, SIDES } from './booking.js'

/** Writes down what the bank has booked already. That is history: it is not refused, even where it overdraws. */
export class RecordBooking extends Command('RecordBooking', {
  ...bookingFields,
  accountNumber: string(),
  transactionId: string(),
  side: enumeration(SIDES),
})('accountNumber') {}

/** An IBAN belongs to one open account at a time. */
export class OpenAccount extends Command('OpenAccount', {
  accountNumber: string(),
  iban: optional(string()),
})('accountNumber') {}

export class Deposit extends Command('Deposit', { accountNumber: string(), amount: long() })(
  'accountNumber',
) {}

export class Withdraw extends Command('Withdraw', { accountNumber: string(), amount: long() })(
  'accountNumber',
) {}

const transferHalf = { accountNumber: string(), partnerAccount: string(), amount: long() }

/** The two halves of a transfer are executed as one, by `transferMoney`. */
export class SendMoney extends Command('SendMoney', transferHalf)('accountNumber') {}
export class ReceiveMoney extends Command('ReceiveMoney', transferHalf)('accountNumber') {}

export class CloseAccount extends Command('CloseAccount', { accountNumber: string() })('accountNumber') {}
