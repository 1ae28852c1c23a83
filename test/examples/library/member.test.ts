import { given, rejected } from 'reprise/testing'
import { test } from 'vitest'
import { EndLoan, Join, Leave, TakeLoan } from '../../../examples/library/src/member/commands.js'
import {
  LoanEnded,
  LoanTaken,
  MemberJoined,
  MemberLeft,
} from '../../../examples/library/src/member/events.js'
import { Member } from '../../../examples/library/src/member/member.js'

const joined = new MemberJoined({ name: 'Ada', email: 'Ada@example.org' })
const took = (copyId: string) => new LoanTaken({ copyId })

test('takes an e-mail by joining', () => {
  given(Member)
    .when(new Join({ memberId: 'ada', name: 'Ada', email: 'Ada@example.org' }))
    .then([joined])
    .thenReserved([{ kind: 'reserve', scope: 'email', value: 'ada@example.org' }])
})

test('gives the e-mail back by leaving, for good', () => {
  given(Member, [joined])
    .when(new Leave({ memberId: 'ada' }))
    .then([new MemberLeft({})])
    .thenReserved([{ kind: 'release', scope: 'email', value: 'ada@example.org' }])
    .thenClosed()
})

test('has three books at the most', () => {
  const fourth = new TakeLoan({ memberId: 'ada', copyId: 'd' })
  given(Member, [joined, took('a'), took('b')])
    .when(fourth)
    .then([took('d')])
  given(Member, [joined, took('a'), took('b'), took('c')])
    .when(fourth)
    .then(rejected('three books at a time are enough', { loans: 3 }))
  given(Member, [joined, took('a'), took('b'), took('c'), new LoanEnded({ copyId: 'b' })])
    .when(fourth)
    .then([took('d')])
})

test('returns what was borrowed', () => {
  const returns = new EndLoan({ memberId: 'ada', copyId: 'a' })
  given(Member, [joined, took('a')])
    .when(returns)
    .then([new LoanEnded({ copyId: 'a' })])
  given(Member, [joined])
    .when(returns)
    .then(rejected('this member has not borrowed this copy', { copyId: 'a' }))
})

test('stays while a book is out', () => {
  given(Member, [joined, took('a')])
    .when(new Leave({ memberId: 'ada' }))
    .then(rejected('the books have to come back first', { loans: 1 }))
})
