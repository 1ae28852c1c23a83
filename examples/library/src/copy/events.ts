import { date, DomainEvent, string } from 'reprise'

export class CopyAcquired extends DomainEvent('CopyAcquired', { title: string() }) {}

export class CopyLent extends DomainEvent('CopyLent', {
  memberId: string(),
  lentOn: date(),
  dueOn: date(),
}) {}

/** Repeats when the copy was due: a projection by due date finds its row by this event alone. */
export class CopyReturned extends DomainEvent('CopyReturned', {
  memberId: string(),
  returnedOn: date(),
  dueOn: date(),
}) {}

/** The loan of a lost copy is over, and the copy does not come back. */
export class LoanWrittenOff extends DomainEvent('LoanWrittenOff', { memberId: string(), dueOn: date() }) {}

export class CopyLost extends DomainEvent('CopyLost', {}) {}

export class MemberQueued extends DomainEvent('MemberQueued', { memberId: string() }) {}
