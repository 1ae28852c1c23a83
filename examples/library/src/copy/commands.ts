import { Command, date, optional, string } from 'reprise'

export class AcquireCopy extends Command('AcquireCopy', { copyId: string(), title: string() })('copyId') {}

export class LendCopy extends Command('LendCopy', {
  copyId: string(),
  memberId: string(),
  lentOn: date(),
})('copyId') {}

export class ReturnCopy extends Command('ReturnCopy', {
  copyId: string(),
  memberId: string(),
  returnedOn: date(),
})('copyId') {}

/** The member is the one who had borrowed the copy, if anybody had. */
export class ReportLost extends Command('ReportLost', {
  copyId: string(),
  memberId: optional(string()),
})('copyId') {}

export class QueueForCopy extends Command('QueueForCopy', { copyId: string(), memberId: string() })(
  'copyId',
) {}
