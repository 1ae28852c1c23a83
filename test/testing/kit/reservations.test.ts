import { ReservationRefused } from 'reprise'
import { given, rejected, type ReservedValue } from 'reprise/testing'
import { describe, expect, it } from 'vitest'
import { Join, Leave, Member, MemberJoined, MemberLeft } from '../../support/club.js'
import { messageOf } from './failure-of.js'

const ada: ReservedValue = ['email', 'ada@example.com']
const joined = new MemberJoined({ email: 'ada@example.com' })
const join = new Join({ memberId: '1', email: 'ada@example.com' })
const leave = new Leave({ memberId: '1', reason: 'moved away' })

describe('given an aggregate, and who holds which values', () => {
  it('rejects a command that reserves what others hold, with the facts of an app', () => {
    given(Member, [], { takenByOthers: [ada] })
      .when(join)
      .then(rejected(ReservationRefused, { scope: 'email', change: 'reserve' }))
      .thenState({ email: '', paid: 0n })
  })

  it('tells a value by its scope', () => {
    given(Member, [], { takenByOthers: [['phone', 'ada@example.com']] })
      .when(join)
      .then([joined])
  })

  it('rejects a command that releases what the aggregate does not hold', () => {
    const refused = rejected(ReservationRefused, { scope: 'email', change: 'release' })

    given(Member, [joined], { reserved: [] }).when(leave).then(refused)
    given(Member, [joined], { reserved: [['email', 'bob@example.com']] })
      .when(leave)
      .then(refused)
    given(Member, [joined], { takenByOthers: [ada] })
      .when(leave)
      .then(refused)
  })

  it('lets it release what it holds, and anything where nothing is said', () => {
    const left = [new MemberLeft({ reason: 'moved away' })]

    given(Member, [joined], { reserved: [ada] })
      .when(leave)
      .then(left)
    given(Member, [joined]).when(leave).then(left)
  })

  it('lets it reserve once more what it holds', () => {
    given(Member, [], { reserved: [ada] })
      .when(join)
      .then([joined])
      .thenReserved([{ kind: 'reserve', scope: 'email', value: 'ada@example.com' }])
  })

  it('refuses a value that two would hold', () => {
    const twice = () => given(Member, [joined], { reserved: [ada], takenByOthers: [ada] })

    expect(messageOf(twice)).toContain('["email","ada@example.com"] is in reserved and in takenByOthers')
  })
})
