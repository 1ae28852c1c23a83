// What a booking on an account says, in the words of the bank.
import { date, enumeration, long, optional, string } from 'reprise'

export const SIDES = ['credit', 'debit'] as const
export type Side = (typeof SIDES)[number]

/** How money moved. A booking without one was made by the bank itself: interest, fees. */
export const OPERATIONS = [
  'cashDeposit',
  'cashWithdrawal',
  'cardWithdrawal',
  'transferIn',
  'transferOut',
] as const
export type Operation = (typeof OPERATIONS)[number]

/** What a booking is for, where the bank knows it. */
export const PURPOSES = [
  'interest',
  'overdraftInterest',
  'statementFee',
  'household',
  'pension',
  'insurance',
  'loanPayment',
] as const
export type Purpose = (typeof PURPOSES)[number]

/** The fields that every booking has: amounts are hellers, a hundredth of a crown. */
export const bookingFields = {
  amount: long(),
  bookedOn: date(),
  /** The bank's own number; bookings that were made here have none. */
  transactionId: optional(string()),
  operation: optional(enumeration(OPERATIONS)),
  purpose: optional(enumeration(PURPOSES)),
  partnerBank: optional(string()),
  partnerAccount: optional(string()),
}
