import { Aggregate, AggregateRoot, Applies, CommandRejected, type Context, Handles } from 'reprise'
import { CloseAccount, Deposit, OpenAccount, RecordBooking, Withdraw } from './commands.js'
import { AccountClosed, AccountOpened, CreditBooked, DebitBooked } from './events.js'

/** A customer's account. Amounts are hellers. */
@Aggregate({
  name: 'account',
  events: [AccountOpened, CreditBooked, DebitBooked, AccountClosed],
  topic: { partitions: 12 },
})
export class Account extends AggregateRoot<AccountOpened | CreditBooked | DebitBooked | AccountClosed> {
  private state: 'unknown' | 'open' | 'closed' = 'unknown'
  private balance = 0n

  /** The bank's books begin somewhere: an account that nobody has heard of opens with its first booking. */
  @Handles(RecordBooking, { expect: 'any' })
  record({ side, transactionId, amount, bookedOn, ...details }: RecordBooking) {
    requirePositive(amount)
    const { operation, purpose, partnerBank, partnerAccount } = details
    if (this.state === 'unknown') this.emit(new AccountOpened({ openedOn: bookedOn }))
    const booking = { transactionId, amount, bookedOn, operation, purpose, partnerBank, partnerAccount }
    this.emit(side === 'credit' ? new CreditBooked(booking) : new DebitBooked(booking))
  }

  @Handles(OpenAccount, { expect: 'noStream' })
  open(_: OpenAccount, { now }: Context) {
    this.emit(new AccountOpened({ openedOn: dayOf(now) }))
  }

  @Handles(Deposit)
  deposit({ amount }: Deposit, { now }: Context) {
    requirePositive(amount)
    this.requireOpen()
    this.emit(new CreditBooked({ amount, bookedOn: dayOf(now), operation: 'cashDeposit' }))
  }

  @Handles(Withdraw)
  withdraw({ amount }: Withdraw, { now }: Context) {
    requirePositive(amount)
    this.requireOpen()
    const { balance } = this
    if (amount > balance)
      throw new CommandRejected('the balance does not cover the withdrawal', { balance, amount })
    this.emit(new DebitBooked({ amount, bookedOn: dayOf(now), operation: 'cashWithdrawal' }))
  }

  @Handles(CloseAccount)
  close(_: CloseAccount, { now }: Context) {
    this.requireOpen()
    const { balance } = this
    if (balance < 0n)
      throw new CommandRejected('the account is overdrawn: it must be covered first', { balance })
    if (balance > 0n) throw new CommandRejected('the balance must be paid out first', { balance })
    this.emit(new AccountClosed({ closedOn: dayOf(now) }))
  }

  @Applies(AccountOpened)
  protected opened() {
    this.state = 'open'
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
    this.state = 'closed'
  }

  private requireOpen(): void {
    if (this.state !== 'open') throw new CommandRejected('the account is closed', { account: this.id })
  }
}

function requirePositive(amount: bigint): void {
  if (amount <= 0n) throw new CommandRejected('the amount must be positive', { amount })
}

function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10)
}
