import { given, rejected } from 'reprise/testing'
import { test } from 'vitest'
import {
  AcquireCopy,
  LendCopy,
  QueueForCopy,
  ReportLost,
  ReturnCopy,
} from '../../../examples/library/src/copy/commands.js'
import { Copy } from '../../../examples/library/src/copy/copy.js'
import {
  CopyAcquired,
  CopyLent,
  CopyLost,
  CopyReturned,
  LoanWrittenOff,
  MemberQueued,
} from '../../../examples/library/src/copy/events.js'

const acquired = new CopyAcquired({ title: 'Emma' })
const lent = new CopyLent({ memberId: 'ada', lentOn: '2026-02-16', dueOn: '2026-03-16' })
const returned = new CopyReturned({ memberId: 'ada', returnedOn: '2026-04-01', dueOn: '2026-03-16' })
const queued = new MemberQueued({ memberId: 'bob' })

const lendTo = (memberId: string) => new LendCopy({ copyId: 'emma', memberId, lentOn: '2026-02-16' })

test('is acquired once', () => {
  given(Copy)
    .when(new AcquireCopy({ copyId: 'emma', title: 'Emma' }))
    .then([acquired])
    .thenState({ loan: undefined, waiting: [], lost: false })
  given(Copy, [acquired])
    .when(new AcquireCopy({ copyId: 'emma', title: 'Emma' }))
    .then(rejected())
})

test('is lent for four weeks', () => {
  given(Copy, [acquired])
    .when(lendTo('ada'))
    .then([lent])
    .thenState({ loan: { memberId: 'ada', dueOn: '2026-03-16' }, waiting: [], lost: false })
})

test('is lent to one member at a time', () => {
  given(Copy, [acquired, lent])
    .when(lendTo('bob'))
    .then(rejected('this copy is lent', { dueOn: '2026-03-16' }))
})

test('is taken back from its borrower only', () => {
  const back = (memberId: string) => new ReturnCopy({ copyId: 'emma', memberId, returnedOn: '2026-04-01' })
  given(Copy, [acquired, lent]).when(back('ada')).then([returned])
  given(Copy, [acquired, lent]).when(back('bob')).then(rejected('this copy is not lent to this member'))
})

test('goes to who waits for it', () => {
  const waitedFor = [acquired, lent, queued, returned]
  given(Copy, waitedFor)
    .when(lendTo('cleo'))
    .then(rejected('another member waits for this copy', { waiting: 1 }))
  given(Copy, waitedFor)
    .when(lendTo('bob'))
    .then([new CopyLent({ memberId: 'bob', lentOn: '2026-02-16', dueOn: '2026-03-16' })])
    .thenState({ loan: { memberId: 'bob', dueOn: '2026-03-16' }, waiting: [], lost: false })
})

test('is waited for once by a member, and only while it is lent', () => {
  const wait = new QueueForCopy({ copyId: 'emma', memberId: 'bob' })
  given(Copy, [acquired, lent]).when(wait).then([queued])
  given(Copy, [acquired, lent, queued]).when(wait).then([])
  given(Copy, [acquired]).when(wait).then(rejected('this copy is not lent: nobody needs to wait'))
})

test('is lost with its loan, and never lent again', () => {
  given(Copy, [acquired, lent])
    .when(new ReportLost({ copyId: 'emma', memberId: 'ada' }))
    .then([new LoanWrittenOff({ memberId: 'ada', dueOn: '2026-03-16' }), new CopyLost({})])
  given(Copy, [acquired])
    .when(new ReportLost({ copyId: 'emma' }))
    .then([new CopyLost({})])
  given(Copy, [acquired, new CopyLost({})])
    .when(lendTo('ada'))
    .then(rejected('this copy is lost'))
})
