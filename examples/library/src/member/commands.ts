import { Command, string } from 'reprise'

export class Join extends Command('Join', { memberId: string(), name: string(), email: string() })(
  'memberId',
) {}

export class TakeLoan extends Command('TakeLoan', { memberId: string(), copyId: string() })('memberId') {}

export class EndLoan extends Command('EndLoan', { memberId: string(), copyId: string() })('memberId') {}

export class Leave extends Command('Leave', { memberId: string() })('memberId') {}
