import {
  Aggregate,
  AggregateRoot,
  Applies,
  CommandRejected,
  type Context,
  enumeration,
  Handles,
  long,
  optional,
  type StateOf,
  string,
} from 'reprise'
import {
  CloseAccount,
  Deposit,
  OpenAccount,
  ReceiveMoney,
  RecordBooking,
  SendMoney,
  Withdraw,
} from './commands.js'
import { AccountClosed, AccountOpened, CreditBooked, DebitBooked } from './events.js'

/** In capitals and without spaces, so that there is one way to write it. */
const IBAN = /^[A-Z]{2}\d{2}[A-Z\d]{11,30}$/

const STATUSES = ['unknown', 'open', 'closed'] as const

/** A customer's account. Amounts are hellers. */
@Aggregate({
  name: 'account',
  events: [AccountOpened, CreditBooked, DebitBooked, AccountClosed],
  topic: { partitions: 12 },
  state: {
    version: 1,
    fields: { status: enumeration(STATUSES), balance: long(), iban: optional(string()) },
  },
  snapshots: { every: 100 },
})
export class Account extends AggregateRoot<AccountOpened | CreditBooked | DebitBooked | AccountClosed> {
  private status: (typeof STATUSES)[number] = 'unknown'
  private balance = 0n
  private iban: string | undefined

  /** The bank's books begin somewhere: an account that nobody has heard of opens with its first booking. */
  @Handles(RecordBooking, { expect: 'any' })
  record({ side, transactionId, amount, bookedOn, ...details }: RecordBooking) {
    requirePositive(amount)
    const { operation, purpose, partnerBank, partnerAccount } = details
    if (this.status === 'unknown') this.emit(new AccountOpened({ openedOn: bookedOn }))
    const booking = { transactionId, amount, bookedOn, operation, purpose, partnerBank, partnerAccount }
    this.emit(side === 'credit' ? new CreditBooked(booking) : new DebitBooked(booking))
  }

  @Handles(OpenAccount, { expect: 'noStream' })
  open({ iban }: OpenAccount, { now }: Context) {
    if (iban !== undefined) {
      if (!IBAN.test(iban)) throw new CommandRejected('the IBAN must be capitals and digits, without spaces')
      this.reserve('iban', iban)
    }
    this.emit(new AccountOpened({ openedOn: dayOf(now), iban }))
  }

  @Handles(Deposit)
  deposit({ amount }: Deposit, { now }: Context) {
    requirePositive(amount)
    this.requireOpen()
    this.emit(new CreditBooked({ amount, bookedOn: dayOf(now), operation: 'cashDeposit' }))
  }

  @Handles(Withdraw)
  withdraw({ amount }: Withdraw, { now }: Context) {
    this.requireCover(amount, 'withdrawal')
    this.emit(new DebitBooked({ amount, bookedOn: dayOf(now), operation: 'cashWithdrawal' }))
  }

  @Handles(SendMoney)
  send({ amount, partnerAccount }: SendMoney, { now }: Context) {
    this.requireCover(amount, 'transfer')
    this.emit(new DebitBooked({ amount, bookedOn: dayOf(now), operation: 'transferOut', partnerAccount }))
  }

  @Handles(ReceiveMoney)
  receive({ amount, partnerAccount }: ReceiveMoney, { now }: Context) {
    requirePositive(amount)
    this.requireOpen()
    this.emit(new CreditBooked({ amount, bookedOn: dayOf(now), operation: 'transferIn', partnerAccount }))
  }

  /** The IBAN is free again in the same commit. */
  @Handles(CloseAccount)
  close(_: CloseAccount, { now }: Context) {
    this.requireOpen()
    const { balance } = this
    if (balance < 0n)
      throw new CommandRejected('the account is overdrawn: it must be covered first', { balance })
    if (balance > 0n) throw new CommandRejected('the balance must be paid out first', { balance })
    if (this.iban !== undefined) this.release('iban', this.iban)
    this.emit(new AccountClosed({ closedOn: dayOf(now) }))
  }

  @Applies(AccountOpened)
  protected opened({ iban }: AccountOpened) {
    this.status = 'open'
    this.iban = iban
  }

  @Applies(CreditBooked)
  protected credited({ amount }: CreditBooked) {
    this.balance += amount
  }

  @Applies(DebitBooked)
  protected debited({ amount }: DebitBooked) {
    this.balance -= amount
  }

  @Applies(AccountClosed)
  protected closed() {
    this.status = 'closed'
  }

  state() {
    const { status, balance, iban } = this
    return { status, balance, iban }
  }

  restore({ status, balance, iban }: StateOf<Account>) {
    this.status = status
    this.balance = balance
    this.iban = iban
  }

  private requireOpen(): void {
    if (this.status !== 'open') throw new CommandRejected('the account is closed', { account: this.id })
  }

  private requireCover(amount: bigint, purpose: 'withdrawal' | 'transfer'): void {
    requirePositive(amount)
    this.requireOpen()
    const { balance } = this
    if (amount > balance)
      throw new CommandRejected(`the balance does not cover the ${purpose}`, { balance, amount })
  }
}

function requirePositive(amount: bigint): void {
  if (amount <= 0n) throw new CommandRejected('the amount must be positive', { amount })
}

function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10)
}
