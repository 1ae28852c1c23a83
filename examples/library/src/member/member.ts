import { Aggregate, AggregateRoot, Applies, CommandRejected, Handles } from 'reprise'
import { EndLoan, Join, Leave, TakeLoan } from './commands.js'
import { LoanEnded, LoanTaken, MemberJoined, MemberLeft } from './events.js'

const MOST_LOANS = 3

/** Somebody who borrows, known by an e-mail address that no other member has. */
@Aggregate({ name: 'member', events: [MemberJoined, LoanTaken, LoanEnded, MemberLeft] })
export class Member extends AggregateRoot<MemberJoined | LoanTaken | LoanEnded | MemberLeft> {
  private email = ''
  private loans: readonly string[] = []

  @Handles(Join, { expect: 'noStream' })
  join({ name, email }: Join) {
    this.reserve('email', email.toLowerCase())
    this.emit(new MemberJoined({ name, email }))
  }

  @Handles(TakeLoan)
  takeLoan({ copyId }: TakeLoan) {
    if (this.loans.length >= MOST_LOANS)
      throw new CommandRejected('three books at a time are enough', { loans: this.loans.length })
    this.emit(new LoanTaken({ copyId }))
  }

  @Handles(EndLoan)
  endLoan({ copyId }: EndLoan) {
    if (!this.loans.includes(copyId))
      throw new CommandRejected('this member has not borrowed this copy', { copyId })
    this.emit(new LoanEnded({ copyId }))
  }

  @Handles(Leave)
  leave() {
    if (this.loans.length > 0)
      throw new CommandRejected('the books have to come back first', { loans: this.loans.length })
    this.release('email', this.email.toLowerCase())
    this.emit(new MemberLeft({}))
    this.closeStream()
  }

  @Applies(MemberJoined)
  joined({ email }: MemberJoined) {
    this.email = email
  }

  @Applies(LoanTaken)
  loanTaken({ copyId }: LoanTaken) {
    this.loans = [...this.loans, copyId]
  }

  @Applies(LoanEnded)
  loanEnded({ copyId }: LoanEnded) {
    this.loans = this.loans.filter((loan) => loan !== copyId)
  }

  @Applies(MemberLeft)
  left() {}
}
