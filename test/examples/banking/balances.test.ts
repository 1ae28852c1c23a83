import { given, on } from 'reprise/testing'
import { describe, it } from 'vitest'
import {
  AccountClosed,
  AccountOpened,
  CreditBooked,
  DebitBooked,
} from '../../../examples/banking/src/account/events.js'
import { Balances } from '../../../examples/banking/src/read-models/balances.js'

describe('Balances', () => {
  it('has a row for each account, with what is on it and when it was moved last', () => {
    given(Balances, [
      on(
        '576',
        new AccountOpened({ openedOn: '1993-01-05' }),
        new CreditBooked({ amount: 500n, bookedOn: '1993-01-05' }),
        new DebitBooked({ amount: 700n, bookedOn: '1993-02-28' }),
      ),
      on('577', new AccountOpened({ openedOn: '1993-01-06' })),
    ]).then([
      {
        account_number: '576',
        balance: -200n,
        bookings: 2,
        opened_on: '1993-01-05',
        last_booked_on: '1993-02-28',
        closed: false,
      },
      {
        account_number: '577',
        balance: 0n,
        bookings: 0,
        opened_on: '1993-01-06',
        last_booked_on: null,
        closed: false,
      },
    ])
  })

  it('keeps an account that was closed', () => {
    given(Balances, [
      on('576', new AccountOpened({ openedOn: '1993-01-05' }), new AccountClosed({ closedOn: '1993-03-01' })),
    ]).then([
      {
        account_number: '576',
        balance: 0n,
        bookings: 0,
        opened_on: '1993-01-05',
        last_booked_on: null,
        closed: true,
      },
    ])
  })
})
