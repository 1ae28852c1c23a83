import { given, on } from 'reprise/testing'
import { describe, it } from 'vitest'
import {
  AccountClosed,
  AccountOpened,
  CreditBooked,
  DebitBooked,
} from '../../../examples/banking/src/account/events.js'
import { DailyTotals } from '../../../examples/banking/src/read-models/daily-totals.js'

const opened = new AccountOpened({ openedOn: '1993-01-05' })
const closed = new AccountClosed({ closedOn: '1993-03-01' })
const firstDay = { bookedOn: '1993-01-05' }
const secondDay = { bookedOn: '1993-01-06' }

describe('DailyTotals', () => {
  it('sums up a day and an operation over all accounts', () => {
    given(DailyTotals, [
      on('576', opened, new CreditBooked({ ...firstDay, amount: 500n, operation: 'transferIn' })),
      on('577', opened, new CreditBooked({ ...firstDay, amount: 70n, operation: 'transferIn' })),
    ]).then([
      {
        day_and_operation: '1993-01-05 transferIn',
        day: '1993-01-05',
        operation: 'transferIn',
        credited: 570n,
        debited: 0n,
        bookings: 2,
      },
    ])
  })

  it('tells days, operations and sides apart, and takes a booking without operation for one of the bank', () => {
    given(DailyTotals, [
      on(
        '576',
        new CreditBooked({ ...firstDay, amount: 500n, operation: 'cashDeposit' }),
        new DebitBooked({ ...firstDay, amount: 30n, operation: 'cardWithdrawal' }),
        new CreditBooked({ ...secondDay, amount: 2n, purpose: 'interest' }),
        new DebitBooked({ ...secondDay, amount: 15n, purpose: 'statementFee' }),
      ),
    ]).then([
      {
        day_and_operation: '1993-01-05 cashDeposit',
        day: '1993-01-05',
        operation: 'cashDeposit',
        credited: 500n,
        debited: 0n,
        bookings: 1,
      },
      {
        day_and_operation: '1993-01-05 cardWithdrawal',
        day: '1993-01-05',
        operation: 'cardWithdrawal',
        credited: 0n,
        debited: 30n,
        bookings: 1,
      },
      {
        day_and_operation: '1993-01-06 bank',
        day: '1993-01-06',
        operation: 'bank',
        credited: 2n,
        debited: 15n,
        bookings: 2,
      },
    ])
  })

  it('has no row for what is no booking', () => {
    given(DailyTotals, [on('576', opened, closed)]).then([])
  })
})
