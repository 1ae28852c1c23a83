import { AggregateNotFound, CommandRejected, WrongExpectedVersion } from 'reprise'
import { given, rejected } from 'reprise/testing'
import { describe, expect, it } from 'vitest'
import { Account } from '../../../examples/banking/src/account/account.js'
import {
  CloseAccount,
  Deposit,
  OpenAccount,
  ReceiveMoney,
  RecordBooking,
  SendMoney,
  Withdraw,
} from '../../../examples/banking/src/account/commands.js'
import {
  AccountClosed,
  AccountOpened,
  CreditBooked,
  DebitBooked,
} from '../../../examples/banking/src/account/events.js'

const accountNumber = '576'
const partnerAccount = '577'
const iban = 'CZ6508000000192000145399'
const lateInMarch = { now: new Date('2026-03-01T23:59:59Z') }
const bookedOn = '2026-03-01'

const opened = new AccountOpened({ openedOn: '2026-01-01' })
const openedWithIban = new AccountOpened({ openedOn: '2026-01-01', iban })
const closed = new AccountClosed({ closedOn: '2026-02-01' })
const credited = (amount: bigint) => new CreditBooked({ amount, bookedOn: '2026-01-02' })
const debited = (amount: bigint) => new DebitBooked({ amount, bookedOn: '2026-01-03' })

const deposit = (amount: bigint) => new Deposit({ accountNumber, amount })
const withdraw = (amount: bigint) => new Withdraw({ accountNumber, amount })
const send = (amount: bigint) => new SendMoney({ accountNumber, partnerAccount, amount })
const receive = (amount: bigint) => new ReceiveMoney({ accountNumber, partnerAccount, amount })
const close = new CloseAccount({ accountNumber })

const booking = { transactionId: '171812', amount: 90_000n, bookedOn: '1993-01-31' }
const details = {
  operation: 'transferOut',
  purpose: 'household',
  partnerBank: 'YZ',
  partnerAccount: '62457513',
} as const
const record = (side: 'credit' | 'debit', more: Partial<typeof booking & typeof details> = {}) =>
  new RecordBooking({ accountNumber, side, ...booking, ...more })

describe('recording what the bank booked', () => {
  it('opens an account that nobody has heard of, on the day of its first booking', () => {
    given(Account)
      .when(record('credit'))
      .then([new AccountOpened({ openedOn: '1993-01-31' }), new CreditBooked(booking)])
      .thenState({ status: 'open', balance: 90_000n, iban: undefined })
  })

  it('goes on with an account that is there', () => {
    given(Account, [opened])
      .when(record('credit'))
      .then([new CreditBooked(booking)])
    given(Account, [opened])
      .when(record('debit', details))
      .then([new DebitBooked({ ...booking, ...details })])
  })

  it('refuses nothing that was booked: not what overdraws, nor what came after the closing', () => {
    given(Account, [opened, credited(100n)])
      .when(record('debit'))
      .then([new DebitBooked(booking)])
      .thenState({ status: 'open', balance: -89_900n, iban: undefined })
    given(Account, [opened, closed])
      .when(record('credit'))
      .then([new CreditBooked(booking)])
      .thenState({ status: 'closed', balance: 90_000n, iban: undefined })
  })
})

describe('opening an account', () => {
  it('opens it on the day of the command', () => {
    given(Account)
      .when(new OpenAccount({ accountNumber }), lateInMarch)
      .then([new AccountOpened({ openedOn: bookedOn })])
      .thenReserved([])
  })

  it('reserves the IBAN', () => {
    given(Account)
      .when(new OpenAccount({ accountNumber, iban }), lateInMarch)
      .then([new AccountOpened({ openedOn: bookedOn, iban })])
      .thenReserved([{ kind: 'reserve', scope: 'iban', value: iban }])
      .thenState({ status: 'open', balance: 0n, iban })
  })

  it.each(['CZ65 0800 0000 1920 0014 5399', 'cz6508000000192000145399', 'CZ65', ''])(
    'refuses the IBAN %j, which could be written in another way',
    (iban) => {
      given(Account)
        .when(new OpenAccount({ accountNumber, iban }))
        .then(rejected('the IBAN must be capitals and digits, without spaces'))
        .thenReserved([])
    },
  )

  it('happens once', () => {
    given(Account, [opened]).when(new OpenAccount({ accountNumber })).then(rejected(WrongExpectedVersion))
  })
})

describe('paying in and out', () => {
  it('books a deposit', () => {
    given(Account, [opened])
      .when(deposit(500n), lateInMarch)
      .then([new CreditBooked({ amount: 500n, bookedOn, operation: 'cashDeposit' })])
      .thenState({ status: 'open', balance: 500n, iban: undefined })
  })

  it('pays out what is there, and no heller more', () => {
    const account = given(Account, [opened, credited(700n), debited(200n)])

    account
      .when(withdraw(500n), lateInMarch)
      .then([new DebitBooked({ amount: 500n, bookedOn, operation: 'cashWithdrawal' })])
      .thenState({ status: 'open', balance: 0n, iban: undefined })
    account
      .when(withdraw(501n))
      .then(rejected('the balance does not cover the withdrawal', { balance: 500n, amount: 501n }))
  })
})

describe('transferring', () => {
  it('takes from one account what the other one is given', () => {
    given(Account, [opened, credited(500n)])
      .when(send(500n), lateInMarch)
      .then([new DebitBooked({ amount: 500n, bookedOn, operation: 'transferOut', partnerAccount })])
      .thenState({ status: 'open', balance: 0n, iban: undefined })
    given(Account, [opened])
      .when(receive(500n), lateInMarch)
      .then([new CreditBooked({ amount: 500n, bookedOn, operation: 'transferIn', partnerAccount })])
      .thenState({ status: 'open', balance: 500n, iban: undefined })
  })

  it('sends no more than there is', () => {
    given(Account, [opened, credited(500n)])
      .when(send(501n))
      .then(rejected('the balance does not cover the transfer', { balance: 500n, amount: 501n }))
  })
})

describe('closing an account', () => {
  it('closes one with nothing on it, and frees its IBAN in the same commit', () => {
    given(Account, [openedWithIban, credited(500n), debited(500n)])
      .when(close, lateInMarch)
      .then([new AccountClosed({ closedOn: bookedOn })])
      .thenReserved([{ kind: 'release', scope: 'iban', value: iban }])
      .thenState({ status: 'closed', balance: 0n, iban })
  })

  it('frees nothing where there was no IBAN', () => {
    given(Account, [opened])
      .when(close, lateInMarch)
      .then([new AccountClosed({ closedOn: bookedOn })])
      .thenReserved([])
  })

  it('asks for the balance to be paid out, or covered, first', () => {
    given(Account, [opened, credited(1n)])
      .when(close)
      .then(rejected('the balance must be paid out first', { balance: 1n }))
    given(Account, [opened, debited(1n)])
      .when(close)
      .then(rejected('the account is overdrawn: it must be covered first', { balance: -1n }))
  })
})

const business = [deposit(1n), withdraw(1n), send(1n), receive(1n), close] as const

describe('new business', () => {
  it.each(business.map((command) => [command.constructor.name, command] as const))(
    '%s is refused on an account that is closed, or that there is not',
    (_name, command) => {
      given(Account, [opened, credited(5n), closed])
        .when(command)
        .then(rejected('the account is closed', { account: accountNumber }))
      given(Account).when(command).then(rejected(AggregateNotFound))
    },
  )

  it.each([0n, -1n])('of %s hellers is refused, whatever it is', (amount) => {
    const positive = rejected({
      error: CommandRejected,
      message: 'the amount must be positive',
      facts: { amount },
    })
    for (const command of [deposit(amount), withdraw(amount), send(amount), receive(amount)])
      given(Account, [opened, credited(500n)])
        .when(command)
        .then(positive)
    given(Account).when(record('credit', { amount })).then(positive)
  })
})

describe('the state of an account', () => {
  it.each([
    { status: 'open', balance: -5n, iban },
    { status: 'closed', balance: 0n, iban: undefined },
  ] as const)('is %o again when it was restored from it', (state) => {
    const account = new Account(accountNumber)

    account.restore(state)

    expect(account.state()).toEqual(state)
  })
})
