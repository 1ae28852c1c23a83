import {
  array,
  date,
  enumeration,
  optional,
  Projection,
  Projects,
  type Row,
  string,
  TableProjection,
} from 'reprise'
import { Copy } from '../copy/copy.js'
import {
  CopyAcquired,
  CopyLent,
  CopyLost,
  CopyReturned,
  LoanWrittenOff,
  MemberQueued,
} from '../copy/events.js'

/** Every copy: where it is, who has it, and who waits for it. */
@Projection({ name: 'shelf', version: 1, from: [Copy] })
export class Shelf extends TableProjection({
  table: 'shelf',
  key: 'copy_id',
  columns: {
    copy_id: string(),
    title: string(),
    place: enumeration(['shelf', 'lent', 'lost'], 'shelf'),
    borrower: optional(string()),
    due_on: optional(date()),
    waiting: array(string(), []),
  },
  indexes: [['borrower']],
}) {
  @Projects(CopyAcquired)
  acquired({ title }: CopyAcquired, row: Row<typeof Shelf>) {
    row.title = title
  }

  @Projects(CopyLent)
  lent({ memberId, dueOn }: CopyLent, row: Row<typeof Shelf>) {
    row.place = 'lent'
    row.borrower = memberId
    row.due_on = dueOn
    row.waiting = row.waiting.filter((waiting) => waiting !== memberId)
  }

  @Projects(CopyReturned)
  returned(_: CopyReturned, row: Row<typeof Shelf>) {
    row.place = 'shelf'
    row.borrower = undefined
    row.due_on = undefined
  }

  @Projects(LoanWrittenOff)
  writtenOff(_: LoanWrittenOff, row: Row<typeof Shelf>) {
    row.borrower = undefined
    row.due_on = undefined
  }

  @Projects(CopyLost)
  lost(_: CopyLost, row: Row<typeof Shelf>) {
    row.place = 'lost'
  }

  @Projects(MemberQueued)
  queued({ memberId }: MemberQueued, row: Row<typeof Shelf>) {
    row.waiting = [...row.waiting, memberId]
  }
}
