// A small domain with what the bank has no use for: unique values, streams that end, prepared facts, and handlers that
// do what none may.
import {
  Aggregate,
  AggregateRoot,
  Applies,
  Command,
  CommandRejected,
  type Context,
  defineApp,
  DomainEvent,
  Handles,
  long,
  string,
} from 'reprise'

export class MemberJoined extends DomainEvent('MemberJoined', { email: string() }) {}
export class EmailChanged extends DomainEvent('EmailChanged', { email: string() }) {}
export class MemberGreeted extends DomainEvent('MemberGreeted', { text: string() }) {}
export class MemberLeft extends DomainEvent('MemberLeft', {}) {}
export class NeverListed extends DomainEvent('NeverListed', { count: long() }) {}

const memberId = { memberId: string() }
export class Join extends Command('Join', { ...memberId, email: string() })('memberId') {}
export class ChangeEmail extends Command('ChangeEmail', { ...memberId, email: string() })('memberId') {}
/** Answers what its preparing step said. */
export class Greet extends Command('Greet', memberId)('memberId') {}
/** Stores a text as it is. */
export class Say extends Command('Say', { ...memberId, text: string() })('memberId') {}
export class Leave extends Command('Leave', memberId)('memberId') {}
/** Is always refused. */
export class Misbehave extends Command('Misbehave', memberId)('memberId') {}
export class ReserveSilently extends Command('ReserveSilently', memberId)('memberId') {}
export class ReleaseForeign extends Command('ReleaseForeign', { ...memberId, email: string() })('memberId') {}
export class CloseSilently extends Command('CloseSilently', memberId)('memberId') {}
export class DecideLater extends Command('DecideLater', memberId)('memberId') {}
export class EmitUnlisted extends Command('EmitUnlisted', memberId)('memberId') {}

@Aggregate({ name: 'member', events: [MemberJoined, EmailChanged, MemberGreeted, MemberLeft] })
export class Member extends AggregateRoot<MemberJoined | EmailChanged | MemberGreeted | MemberLeft> {
  private email = ''

  @Handles(Join, { expect: 'noStream' })
  join({ email }: Join) {
    this.reserve('email', email)
    this.emit(new MemberJoined({ email }))
  }

  @Handles(ChangeEmail)
  change({ email }: ChangeEmail) {
    this.release('email', this.email)
    this.reserve('email', email)
    this.emit(new EmailChanged({ email }))
    this.emit(new MemberGreeted({ text: 'again' }))
  }

  @Handles(Greet)
  greet(_: Greet, { prepared }: Context<string | undefined>) {
    greetings.push(prepared)
    this.emit(new MemberGreeted({ text: prepared ?? 'nothing prepared' }))
  }

  @Handles(Say)
  say({ text }: Say) {
    this.emit(new MemberGreeted({ text }))
  }

  @Handles(Leave)
  leave() {
    this.release('email', this.email)
    this.emit(new MemberLeft({}))
    this.closeStream()
  }

  @Handles(Misbehave, { expect: 'any' })
  misbehave() {
    throw new CommandRejected('members behave')
  }

  @Handles(ReserveSilently)
  reserveSilently() {
    this.reserve('email', 'silent@example.org')
  }

  @Handles(ReleaseForeign)
  releaseForeign({ email }: ReleaseForeign) {
    this.release('email', email)
    this.emit(new MemberGreeted({ text: 'released' }))
  }

  @Handles(CloseSilently)
  closeSilently() {
    this.closeStream()
  }

  // What JavaScript, or a cast, lets through.
  @Handles(DecideLater)
  decideLater(): void {
    this.emit(new MemberGreeted({ text: 'too early' }))
    return Promise.reject(new Error('too late')) as never
  }

  @Handles(EmitUnlisted)
  emitUnlisted() {
    this.emit(new MemberGreeted({ text: 'before' }))
    this.emit(new NeverListed({ count: 1n }) as never)
  }

  @Applies(MemberJoined)
  joined({ email }: MemberJoined) {
    this.email = email
  }

  @Applies(EmailChanged)
  changed({ email }: EmailChanged) {
    this.email = email
  }

  @Applies(MemberGreeted)
  greeted() {}

  @Applies(MemberLeft)
  left() {}
}

/** What each decision of {@link Greet} was given as prepared. */
export const greetings: (string | undefined)[] = []

export const club = defineApp({ name: 'club', aggregates: [Member], projections: [] })
