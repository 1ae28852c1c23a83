import assert from 'node:assert/strict'
import type { App } from 'reprise'
import type { Reader } from './busiest-readers.js'
import { Copy } from './copy/copy.js'
import type { OverdueList } from './overdue.js'

/** What the run has shown. */
export interface Shown {
  readonly overdue: OverdueList
  readonly readers: readonly Reader[]
}

/** Fails when the library is not as the story left it, or is so twice over. */
export async function check(app: App, { overdue, readers }: Shown): Promise<void> {
  assert.equal(overdue.asOf.upToDate, true)
  assert.deepEqual(overdue.days, [
    { due_on: '2026-03-16', copies: ['persuasion'] },
    { due_on: '2026-03-20', copies: ['ulysses'] },
    { due_on: '2026-03-30', copies: ['middlemarch'] },
  ])
  assert.deepEqual(readers, [
    { member_id: 'bob', lendings: 3n },
    { member_id: 'cleo', lendings: 3n },
    { member_id: 'ada', lendings: 2n },
    { member_id: 'dora', lendings: 1n },
    { member_id: 'eve', lendings: 1n },
  ])
  const emma = await app.history(Copy, 'emma')
  const whatHappened = emma.map(({ type }) => type)
  assert.deepEqual(whatHappened, ['CopyAcquired', 'CopyLent', 'MemberQueued', 'CopyReturned', 'CopyLent'])
}
