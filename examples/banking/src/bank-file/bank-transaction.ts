import type { Operation, Purpose, Side } from '../account/booking.js'

/** One line of the bank's file, in our words. Amounts are hellers. */
export interface BankTransaction {
  readonly transactionId: string
  readonly accountNumber: string
  /** 'YYYY-MM-DD' */
  readonly bookedOn: string
  readonly side: Side
  readonly amount: bigint
  readonly operation: Operation | undefined
  readonly purpose: Purpose | undefined
  readonly partnerBank: string | undefined
  readonly partnerAccount: string | undefined
  /** The bank's own balance after this transaction, which it rounds. Not booked: compared with ours. */
  readonly bankBalance: bigint
}

export const COLUMNS = [
  'trans_id',
  'account_id',
  'date',
  'type',
  'operation',
  'amount',
  'balance',
  'k_symbol',
  'bank',
  'account',
] as const
type Column = (typeof COLUMNS)[number]

/** A value of the file that cannot be understood. */
export class UnreadableValue extends Error {}

const SIDE_CODES: Codes<Side> = { PRIJEM: 'credit', VYDAJ: 'debit', VYBER: 'debit' }

const OPERATION_CODES: Codes<Operation> = {
  VKLAD: 'cashDeposit',
  VYBER: 'cashWithdrawal',
  'VYBER KARTOU': 'cardWithdrawal',
  'PREVOD Z UCTU': 'transferIn',
  'PREVOD NA UCET': 'transferOut',
}

const PURPOSE_CODES: Codes<Purpose> = {
  UROK: 'interest',
  'SANKC. UROK': 'overdraftInterest',
  SLUZBY: 'statementFee',
  SIPO: 'household',
  DUCHOD: 'pension',
  POJISTNE: 'insurance',
  UVER: 'loanPayment',
}

type Codes<T> = Readonly<Record<string, T>>
type Line = Readonly<Record<Column, string>>

/** @throws {@link UnreadableValue} at the first value that does not fit its column */
export function bankTransactionOf(text: string): BankTransaction {
  const line = columnsOf(text)
  const amount = hellers(line, 'amount')
  if (amount <= 0n) throw unreadable(line, 'amount', 'must be positive')
  return {
    transactionId: number(line, 'trans_id'),
    accountNumber: number(line, 'account_id'),
    bookedOn: day(line, 'date'),
    side: required(line, 'type', SIDE_CODES),
    amount,
    operation: translated(line, 'operation', OPERATION_CODES),
    purpose: translated(line, 'k_symbol', PURPOSE_CODES),
    partnerBank: line.bank || undefined,
    // The bank writes account 0 where there is no partner.
    partnerAccount: line.account === '0' ? undefined : line.account || undefined,
    bankBalance: hellers(line, 'balance'),
  }
}

function columnsOf(text: string): Line {
  const values = text.split(';')
  if (values.length !== COLUMNS.length) {
    const found = values.length === 1 ? '1 column' : `${values.length} columns`
    throw new UnreadableValue(`must have ${COLUMNS.length} columns separated by semicolons, has ${found}`)
  }
  return Object.fromEntries(COLUMNS.map((column, index) => [column, (values[index] ?? '').trim()])) as Line
}

function number(line: Line, column: Column): string {
  if (/^[1-9]\d{0,17}$/.test(line[column])) return line[column]
  throw unreadable(line, column, 'must be a positive whole number')
}

/** Exact: nothing is ever a floating point number. */
function hellers(line: Line, column: Column): bigint {
  const match = /^(-?)(\d{1,15})(?:\.(\d{1,2}))?$/.exec(line[column])
  if (match === null) throw unreadable(line, column, 'must be an amount like 1234.50')
  const [, sign = '', crowns = '0', fraction = ''] = match
  return BigInt(`${sign}${crowns}${fraction.padEnd(2, '0')}`)
}

/** The file is of the last century: yymmdd. */
function day(line: Line, column: Column): string {
  const match = /^(\d\d)(\d\d)(\d\d)$/.exec(line[column])
  const written = match === null ? '' : `19${match.slice(1).join('-')}`
  const midnight = new Date(`${written}T00:00:00Z`)
  if (Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(written))
    throw unreadable(line, column, 'must be a day written yymmdd')
  return written
}

function required<T>(line: Line, column: Column, codes: Codes<T>): T {
  const value = translated(line, column, codes)
  if (value === undefined) throw unreadable(line, column, `must be one of ${Object.keys(codes).join(', ')}`)
  return value
}

function translated<T>(line: Line, column: Column, codes: Codes<T>): T | undefined {
  const code = line[column]
  if (code === '') return undefined
  if (Object.hasOwn(codes, code)) return codes[code]
  throw unreadable(line, column, `must be empty or one of ${Object.keys(codes).join(', ')}`)
}

function unreadable(line: Line, column: Column, expected: string): UnreadableValue {
  const value = line[column]
  const shown = value.length > 40 ? `${value.slice(0, 40)}…` : value
  return new UnreadableValue(`${column} ${expected}, not ${JSON.stringify(shown)}`)
}
