import { givenInDatabase, on } from 'reprise/testing'
import { beforeAll, describe, it } from 'vitest'
import { AccountOpened, CreditBooked, DebitBooked } from '../../../examples/banking/src/account/events.js'
import { Statements } from '../../../examples/banking/src/read-models/statements.js'
import { partAddress } from '../../support/part-address.js'

const opened = new AccountOpened({ openedOn: '1993-01-05' })
const imported = new CreditBooked({ amount: 500n, bookedOn: '1993-01-05', transactionId: '171812' })
const transferred = new DebitBooked({
  amount: 700n,
  bookedOn: '2026-03-01',
  operation: 'transferOut',
  partnerAccount: '577',
})

let server: string
beforeAll(async () => {
  server = await partAddress('/postgres/18')
})

describe('Statements', () => {
  it('has a line for each booking, with the balance of its account after it', () =>
    givenInDatabase(Statements, [on('576', opened, imported), on('577', opened), on('576', transferred)], {
      server,
    }).then({
      statement_lines: [
        {
          account_number: '576',
          version: 2,
          transaction_id: '171812',
          booked_on: '1993-01-05',
          amount: 500n,
          balance_after: 500n,
          operation: null,
          purpose: null,
          partner_bank: null,
          partner_account: null,
        },
        {
          account_number: '576',
          version: 3,
          transaction_id: null,
          booked_on: '2026-03-01',
          amount: -700n,
          balance_after: -200n,
          operation: 'transferOut',
          purpose: null,
          partner_bank: null,
          partner_account: '577',
        },
      ],
    }))
})
