import { QueueForCopy } from '../copy/commands.js'
import { lending, returning, writingOff } from '../desk.js'
import { Join, Leave } from '../member/commands.js'
import type { Step } from './step.js'

/** The day of the story. */
export const today = '2026-04-01'

/** Refusals are not remembered by command id: each of these holds as well once the day is over. */
export const day: readonly Step[] = [
  {
    tells: 'Cleo joins',
    day: today,
    commands: [new Join({ memberId: 'cleo', name: 'Cleo', email: 'cleo@example.org' })],
  },
  {
    tells: 'a stranger joins by the e-mail of Ada',
    day: today,
    commands: [new Join({ memberId: 'stranger', name: 'Stranger', email: 'ADA@example.org' })],
    refusal: 'the value is taken in the scope email: choose another one',
  },
  {
    tells: 'Bob asks for Emma, which Ada has',
    day: today,
    commands: lending({ copyId: 'emma', memberId: 'bob', day: today }),
    refusal: 'this copy is lent',
  },
  {
    tells: 'Bob waits for Emma',
    day: today,
    commands: [new QueueForCopy({ copyId: 'emma', memberId: 'bob' })],
  },
  {
    tells: 'Ada returns Emma',
    day: today,
    commands: returning({ copyId: 'emma', memberId: 'ada', day: today }),
  },
  {
    tells: 'Bob borrows Emma',
    day: today,
    commands: lending({ copyId: 'emma', memberId: 'bob', day: today }),
  },
  {
    tells: 'Bob has lost Dracula',
    day: today,
    commands: writingOff({ copyId: 'dracula', memberId: 'bob' }),
  },
  {
    tells: 'Ada leaves, but still has Persuasion',
    day: today,
    commands: [new Leave({ memberId: 'ada' })],
    refusal: 'the books have to come back first',
  },
  {
    tells: 'Eve returns Walden',
    day: today,
    commands: returning({ copyId: 'walden', memberId: 'eve', day: today }),
  },
  {
    tells: 'Eve leaves',
    day: today,
    commands: [new Leave({ memberId: 'eve' })],
  },
  {
    tells: 'Finn joins by the e-mail that Eve had',
    day: today,
    commands: [new Join({ memberId: 'finn', name: 'Finn', email: 'eve@example.org' })],
  },
  ...['walden', 'dubliners', 'villette'].map((copyId) => ({
    tells: `Cleo borrows ${copyId}`,
    day: today,
    commands: lending({ copyId, memberId: 'cleo', day: today }),
  })),
  {
    tells: 'Cleo asks for a fourth book',
    day: today,
    commands: lending({ copyId: 'cranford', memberId: 'cleo', day: today }),
    refusal: 'three books at a time are enough',
  },
]
