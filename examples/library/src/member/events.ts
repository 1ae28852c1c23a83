import { DomainEvent, string } from 'reprise'

export class MemberJoined extends DomainEvent('MemberJoined', { name: string(), email: string() }) {}

export class LoanTaken extends DomainEvent('LoanTaken', { copyId: string() }) {}

export class LoanEnded extends DomainEvent('LoanEnded', { copyId: string() }) {}

export class MemberLeft extends DomainEvent('MemberLeft', {}) {}
