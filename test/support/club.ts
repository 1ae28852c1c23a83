// A club whose members are unique by e-mail: declared state and reservations, shared by tests.
import {
  Aggregate,
  AggregateRoot,
  Applies,
  Command,
  defineApp,
  DomainEvent,
  Handles,
  long,
  type StateOf,
  string,
} from 'reprise'

export class MemberJoined extends DomainEvent('MemberJoined', { email: string() }) {}
export class FeePaid extends DomainEvent('FeePaid', { amount: long() }) {}
export class MemberLeft extends DomainEvent('MemberLeft', { reason: string() }) {}

export class Join extends Command('Join', { memberId: string(), email: string() })('memberId') {}
export class PayFee extends Command('PayFee', { memberId: string(), amount: long() })('memberId') {}
export class Leave extends Command('Leave', { memberId: string(), reason: string() })('memberId') {}

@Aggregate({
  name: 'member',
  events: [MemberJoined, FeePaid, MemberLeft],
  topic: { partitions: 2 },
  state: { version: 1, fields: { email: string(), paid: long() } },
})
export class Member extends AggregateRoot<MemberJoined | FeePaid | MemberLeft> {
  private email = ''
  private paid = 0n

  @Handles(Join, { expect: 'noStream' })
  join({ email }: Join) {
    this.reserve('email', email)
    this.emit(new MemberJoined({ email }))
  }

  @Handles(PayFee)
  pay({ amount }: PayFee) {
    this.emit(new FeePaid({ amount }))
  }

  @Handles(Leave)
  leave({ reason }: Leave) {
    this.release('email', this.email)
    this.emit(new MemberLeft({ reason }))
  }

  @Applies(MemberJoined)
  joined({ email }: MemberJoined) {
    this.email = email
  }

  @Applies(FeePaid)
  feePaid({ amount }: FeePaid) {
    this.paid += amount
  }

  @Applies(MemberLeft)
  left() {}

  state() {
    return { email: this.email, paid: this.paid }
  }

  restore({ email, paid }: StateOf<Member>) {
    this.email = email
    this.paid = paid
  }
}

export const club = defineApp({ name: 'club', aggregates: [Member] })
