import { AcquireCopy } from '../copy/commands.js'
import { lending } from '../desk.js'
import { Join } from '../member/commands.js'
import type { Step } from './step.js'

const OPENING = '2026-02-02'

const books = {
  emma: 'Emma',
  persuasion: 'Persuasion',
  walden: 'Walden',
  ulysses: 'Ulysses',
  dubliners: 'Dubliners',
  dracula: 'Dracula',
  middlemarch: 'Middlemarch',
  villette: 'Villette',
  cranford: 'Cranford',
}

const people = { ada: 'Ada', bob: 'Bob', dora: 'Dora', eve: 'Eve' }

const loans = [
  { copyId: 'walden', memberId: 'eve', day: '2026-02-10' },
  { copyId: 'emma', memberId: 'ada', day: '2026-02-16' },
  { copyId: 'persuasion', memberId: 'ada', day: '2026-02-16' },
  { copyId: 'ulysses', memberId: 'bob', day: '2026-02-20' },
  { copyId: 'dracula', memberId: 'bob', day: '2026-02-20' },
  { copyId: 'middlemarch', memberId: 'dora', day: '2026-03-02' },
]

/** What happened until the day of the story. */
export const before: readonly Step[] = [
  ...Object.entries(books).map(([copyId, title]) => ({
    tells: `the library buys ${title}`,
    day: OPENING,
    commands: [new AcquireCopy({ copyId, title })],
  })),
  ...Object.entries(people).map(([memberId, name]) => ({
    tells: `${name} joins`,
    day: OPENING,
    commands: [new Join({ memberId, name, email: `${memberId}@example.org` })],
  })),
  ...loans.map((loan) => ({
    tells: `${loan.memberId} borrows ${loan.copyId} on ${loan.day}`,
    day: loan.day,
    commands: lending(loan),
  })),
]
