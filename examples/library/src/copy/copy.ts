import {
  Aggregate,
  AggregateRoot,
  Applies,
  array,
  boolean,
  CommandRejected,
  date,
  Handles,
  optional,
  record,
  type StateOf,
  string,
} from 'reprise'
import { AcquireCopy, LendCopy, QueueForCopy, ReportLost, ReturnCopy } from './commands.js'
import { CopyAcquired, CopyLent, CopyLost, CopyReturned, LoanWrittenOff, MemberQueued } from './events.js'
import { dueAfter } from './loan-period.js'

type CopyEvent = CopyAcquired | CopyLent | CopyReturned | LoanWrittenOff | CopyLost | MemberQueued

interface Loan {
  readonly memberId: string
  readonly dueOn: string
}

/** A book on the shelf, or in somebody's hands. */
@Aggregate({
  name: 'copy',
  events: [CopyAcquired, CopyLent, CopyReturned, LoanWrittenOff, CopyLost, MemberQueued],
  state: {
    version: 1,
    fields: {
      loan: optional(record({ memberId: string(), dueOn: date() })),
      waiting: array(string()),
      lost: boolean(),
    },
  },
})
export class Copy extends AggregateRoot<CopyEvent> {
  private loan: Loan | undefined
  private waiting: readonly string[] = []
  private lost = false

  @Handles(AcquireCopy, { expect: 'noStream' })
  acquire({ title }: AcquireCopy) {
    this.emit(new CopyAcquired({ title }))
  }

  @Handles(LendCopy)
  lend({ memberId, lentOn }: LendCopy) {
    if (this.lost) throw new CommandRejected('this copy is lost')
    if (this.loan) throw new CommandRejected('this copy is lent', { dueOn: this.loan.dueOn })
    const [first] = this.waiting
    if (first !== undefined && first !== memberId)
      throw new CommandRejected('another member waits for this copy', { waiting: this.waiting.length })
    this.emit(new CopyLent({ memberId, lentOn, dueOn: dueAfter(lentOn) }))
  }

  @Handles(ReturnCopy)
  takeBack({ memberId, returnedOn }: ReturnCopy) {
    if (this.loan?.memberId !== memberId) throw new CommandRejected('this copy is not lent to this member')
    this.emit(new CopyReturned({ memberId, returnedOn, dueOn: this.loan.dueOn }))
  }

  @Handles(ReportLost)
  reportLost({ memberId }: ReportLost) {
    if (this.lost) throw new CommandRejected('this copy is lost already')
    if (this.loan?.memberId !== memberId) throw new CommandRejected('this copy is with somebody else')
    if (this.loan) this.emit(new LoanWrittenOff(this.loan))
    this.emit(new CopyLost({}))
  }

  @Handles(QueueForCopy)
  queue({ memberId }: QueueForCopy) {
    if (!this.loan) throw new CommandRejected('this copy is not lent: nobody needs to wait')
    if (this.waiting.includes(memberId)) return
    this.emit(new MemberQueued({ memberId }))
  }

  @Applies(CopyAcquired)
  acquired() {}

  @Applies(CopyLent)
  lent({ memberId, dueOn }: CopyLent) {
    this.loan = { memberId, dueOn }
    this.waiting = this.waiting.filter((waiting) => waiting !== memberId)
  }

  @Applies(CopyReturned)
  returned() {
    this.loan = undefined
  }

  @Applies(MemberQueued)
  queued({ memberId }: MemberQueued) {
    this.waiting = [...this.waiting, memberId]
  }

  @Applies(LoanWrittenOff)
  writtenOff() {
    this.loan = undefined
  }

  @Applies(CopyLost)
  wasLost() {
    this.lost = true
  }

  state() {
    return { loan: this.loan, waiting: this.waiting, lost: this.lost }
  }

  restore({ loan, waiting, lost }: StateOf<Copy>) {
    this.loan = loan
    this.waiting = waiting
    this.lost = lost
  }
}
