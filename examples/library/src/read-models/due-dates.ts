import { array, type Envelope, Projection, Projects, type Row, string, TableProjection } from 'reprise'
import { Copy } from '../copy/copy.js'
import { CopyLent, CopyReturned, LoanWrittenOff } from '../copy/events.js'

/** The days on which something is due, with the copies that are still out: those of past days are overdue. */
@Projection({
  name: 'due_dates',
  version: 1,
  from: [Copy],
  key: (event) => ('dueOn' in event ? event.dueOn : undefined),
  across: 'commutative',
})
export class DueDates extends TableProjection({
  table: 'due_dates',
  key: 'due_on',
  columns: { due_on: string(), copies: array(string(), []) },
}) {
  @Projects(CopyLent)
  lent(_: CopyLent, row: Row<typeof DueDates>, { stream }: Envelope) {
    // Sorted, so that rows are the same in whatever order streams meet.
    row.copies = [...row.copies, stream.id].sort()
  }

  @Projects(CopyReturned)
  returned(_: CopyReturned, row: Row<typeof DueDates>, { stream }: Envelope) {
    return without(row, stream.id)
  }

  @Projects(LoanWrittenOff)
  writtenOff(_: LoanWrittenOff, row: Row<typeof DueDates>, { stream }: Envelope) {
    return without(row, stream.id)
  }
}

function without(row: Row<typeof DueDates>, copyId: string) {
  row.copies = row.copies.filter((copy) => copy !== copyId)
  return row.copies.length === 0 ? null : undefined
}
