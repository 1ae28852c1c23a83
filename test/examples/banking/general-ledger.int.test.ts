import { givenInDatabase, on } from 'reprise/testing'
import { beforeAll, describe, it } from 'vitest'
import { AccountOpened, CreditBooked, DebitBooked } from '../../../examples/banking/src/account/events.js'
import { GeneralLedger } from '../../../examples/banking/src/read-models/general-ledger.js'
import { partAddress } from '../../support/part-address.js'

const bookedOn = '1993-01-05'
const credited = (amount: bigint) => new CreditBooked({ amount, bookedOn })
const debited = (amount: bigint) => new DebitBooked({ amount, bookedOn: '1993-01-06' })

let server: string
beforeAll(async () => {
  server = await partAddress('/postgres/18')
})

describe('GeneralLedger', () => {
  it('numbers the bookings of all accounts in the order of the store, with the balance of all after each', () =>
    givenInDatabase(
      GeneralLedger,
      [
        on('576', new AccountOpened({ openedOn: bookedOn }), credited(500n)),
        on('577', new AccountOpened({ openedOn: bookedOn }), credited(70n)),
        on('576', debited(600n)),
      ],
      { server },
    ).then({
      ledger_entries: [
        { entry: 1n, account_number: '576', booked_on: bookedOn, amount: 500n, balance_after: 500n },
        { entry: 2n, account_number: '577', booked_on: bookedOn, amount: 70n, balance_after: 570n },
        { entry: 3n, account_number: '576', booked_on: '1993-01-06', amount: -600n, balance_after: -30n },
      ],
    }))
})
