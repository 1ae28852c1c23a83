import { CommandRejected } from 'reprise'
import { describe, expect, it } from 'vitest'
import { Account } from '../../../examples/banking/src/account/account.js'
import {
  CloseAccount,
  Deposit,
  OpenAccount,
  RecordBooking,
  Withdraw,
} from '../../../examples/banking/src/account/commands.js'
import {
  AccountClosed,
  AccountOpened,
  CreditBooked,
  DebitBooked,
} from '../../../examples/banking/src/account/events.js'
import { type Context, takeUncommitted } from '../../../src/aggregates/index.js'

const accountNumber = '576'
const context: Context = { now: new Date('2026-03-01T22:00:00Z'), newId: () => 'id', actor: undefined }

function openAccount(balance = 0n): Account {
  const account = new Account(accountNumber)
  account.open(new OpenAccount({ accountNumber }), context)
  if (balance > 0n) account.deposit(new Deposit({ accountNumber, amount: balance }), context)
  takeUncommitted(account)
  return account
}

const recorded = (side: 'credit' | 'debit', amount: bigint): RecordBooking =>
  new RecordBooking({ accountNumber, side, amount, transactionId: '1', bookedOn: '1993-01-05' })

describe('Account', () => {
  it('opens with the first booking of the bank, on its day', () => {
    const account = new Account(accountNumber)

    account.record(recorded('credit', 500n))
    account.record(recorded('debit', 100n))

    const booking = { transactionId: '1', bookedOn: '1993-01-05' }
    expect(takeUncommitted(account)).toEqual([
      new AccountOpened({ openedOn: '1993-01-05' }),
      new CreditBooked({ ...booking, amount: 500n }),
      new DebitBooked({ ...booking, amount: 100n }),
    ])
  })

  it('records what the bank booked also where it overdraws', () => {
    const account = openAccount(100n)

    account.record(recorded('debit', 101n))

    expect(takeUncommitted(account)).toHaveLength(1)
    expect(() => account.close(new CloseAccount({ accountNumber }), context)).toThrow('is overdrawn')
  })

  it('pays out what is there, and no heller more', () => {
    const account = openAccount(500n)

    expect(() => account.withdraw(new Withdraw({ accountNumber, amount: 501n }), context)).toThrow(
      'the balance does not cover the withdrawal',
    )
    account.withdraw(new Withdraw({ accountNumber, amount: 500n }), context)

    expect(takeUncommitted(account)).toEqual([
      new DebitBooked({ amount: 500n, bookedOn: '2026-03-01', operation: 'cashWithdrawal' }),
    ])
  })

  it('closes when nothing is left on it, and takes no new business then', () => {
    const account = openAccount(500n)

    expect(() => account.close(new CloseAccount({ accountNumber }), context)).toThrow(
      'must be paid out first',
    )
    account.withdraw(new Withdraw({ accountNumber, amount: 500n }), context)
    account.close(new CloseAccount({ accountNumber }), context)

    expect(takeUncommitted(account).at(-1)).toEqual(new AccountClosed({ closedOn: '2026-03-01' }))
    expect(() => account.deposit(new Deposit({ accountNumber, amount: 1n }), context)).toThrow('is closed')
    expect(() => account.withdraw(new Withdraw({ accountNumber, amount: 1n }), context)).toThrow('is closed')
    expect(() => account.close(new CloseAccount({ accountNumber }), context)).toThrow('is closed')
  })

  it.each([0n, -1n])('refuses the amount %s', (amount) => {
    const account = openAccount(500n)

    expect(() => account.deposit(new Deposit({ accountNumber, amount }), context)).toThrow(CommandRejected)
    expect(() => account.withdraw(new Withdraw({ accountNumber, amount }), context)).toThrow(CommandRejected)
    expect(() => account.record(recorded('credit', amount))).toThrow(CommandRejected)
    expect(takeUncommitted(account)).toEqual([])
  })
})
