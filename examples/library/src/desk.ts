import type { CommandInstance } from 'reprise'
import { LendCopy, ReportLost, ReturnCopy } from './copy/commands.js'
import { EndLoan, TakeLoan } from './member/commands.js'

/** A copy that changes hands at the desk. */
export interface Handover {
  readonly copyId: string
  readonly memberId: string
  readonly day: string
}

/** To be executed as one: the copy must be free and the member may have one more, or neither changes. */
export function lending({ copyId, memberId, day }: Handover): readonly CommandInstance[] {
  return [new LendCopy({ copyId, memberId, lentOn: day }), new TakeLoan({ memberId, copyId })]
}

/** To be executed as one. */
export function returning({ copyId, memberId, day }: Handover): readonly CommandInstance[] {
  return [new ReturnCopy({ copyId, memberId, returnedOn: day }), new EndLoan({ memberId, copyId })]
}

/** To be executed as one: the borrower lost the copy, and owes it no longer. */
export function writingOff({ copyId, memberId }: Omit<Handover, 'day'>): readonly CommandInstance[] {
  return [new ReportLost({ copyId, memberId }), new EndLoan({ memberId, copyId })]
}
