import { given, givenInDatabase, on } from 'reprise/testing'
import { test } from 'vitest'
import {
  CopyAcquired,
  CopyLent,
  CopyLost,
  CopyReturned,
  LoanWrittenOff,
  MemberQueued,
} from '../../../examples/library/src/copy/events.js'
import { DueDates } from '../../../examples/library/src/read-models/due-dates.js'
import { Lendings } from '../../../examples/library/src/read-models/lendings.js'
import { Shelf } from '../../../examples/library/src/read-models/shelf.js'

const lent = new CopyLent({ memberId: 'ada', lentOn: '2026-02-16', dueOn: '2026-03-16' })
const lentLater = new CopyLent({ memberId: 'bob', lentOn: '2026-03-02', dueOn: '2026-03-30' })
const returned = new CopyReturned({ memberId: 'ada', returnedOn: '2026-03-02', dueOn: '2026-03-16' })
const writtenOff = new LoanWrittenOff({ memberId: 'bob', dueOn: '2026-03-30' })

const events = [
  on('emma', new CopyAcquired({ title: 'Emma' }), lent, new MemberQueued({ memberId: 'bob' })),
  on('walden', new CopyAcquired({ title: 'Walden' }), lent, returned, lentLater),
  on('dracula', new CopyAcquired({ title: 'Dracula' }), lentLater, writtenOff, new CopyLost({})),
]
const shelf = [
  { copy_id: 'emma', title: 'Emma', place: 'lent', borrower: 'ada', due_on: '2026-03-16', waiting: ['bob'] },
  { copy_id: 'walden', title: 'Walden', place: 'lent', borrower: 'bob', due_on: '2026-03-30', waiting: [] },
  { copy_id: 'dracula', title: 'Dracula', place: 'lost', waiting: [] },
] as const
const dueDates = [
  { due_on: '2026-03-16', copies: ['emma'] },
  { due_on: '2026-03-30', copies: ['walden'] },
]

test('the shelf shows every copy', async () => {
  given(Shelf, events).then(shelf)
  await givenInDatabase(Shelf, events).then(shelf)
})

test('who waited and borrows does not wait any more', () => {
  given(Shelf, [...events, on('emma', returned, lentLater)]).then([
    { ...shelf[0], borrower: 'bob', due_on: '2026-03-30', waiting: [] },
    shelf[1],
    shelf[2],
  ])
})

test('due dates show what is still out', async () => {
  given(DueDates, events).then(dueDates)
  await givenInDatabase(DueDates, events).then(dueDates)
})

test('a due date is gone with its last copy, and may come again', () => {
  const out = on('emma', lent)
  given(DueDates, [out, on('emma', returned)]).then([])
  given(DueDates, [out, on('emma', returned, lent)]).then([{ due_on: '2026-03-16', copies: ['emma'] }])
})

test('lendings stay when the copy is back', async () => {
  await givenInDatabase(Lendings, events).then({
    lendings: [
      { copy_id: 'emma', number: 2, member_id: 'ada', lent_on: '2026-02-16', returned_on: null },
      { copy_id: 'walden', number: 2, member_id: 'ada', lent_on: '2026-02-16', returned_on: '2026-03-02' },
      { copy_id: 'walden', number: 4, member_id: 'bob', lent_on: '2026-03-02', returned_on: null },
      { copy_id: 'dracula', number: 2, member_id: 'bob', lent_on: '2026-03-02', returned_on: null },
    ],
  })
})
