import { given, rejected } from 'reprise/testing'
import { describe, expect, it, vi } from 'vitest'
import { Box, CloseBox, Door, NoteEverything, Open, OpenBox, Opened, Renamed, Specimen } from './domain.js'
import { failureOf, messageOf } from './failure-of.js'

const at = new Date('2026-03-01T10:00:00Z')
const open = (how: string) => given(Door).when(new Open({ id: '1', how, at }))

describe('given(aggregate) of handlers and appliers that are not pure', () => {
  it('finds a handler that reads the clock', () => {
    expect(messageOf(() => open('reads the clock'))).toMatch(
      /^the handler open of Open is not pure: on equal inputs, it gave first one result and then another\n {2}event 1 \(Opened\), at: first 20\S+Z, then 20\S+Z$/,
    )
  })

  it('finds a handler that draws by chance', () => {
    expect(messageOf(() => open('draws by chance'))).toMatch(
      /^the handler open of Open is not pure: .*\n {2}event 1 \(Opened\), code: first '0\.\d+', then '0\.\d+'$/,
    )
  })

  it('finds a handler that refuses by the clock', () => {
    vi.useFakeTimers({ now: at, toFake: ['Date'] })
    try {
      expect(messageOf(() => open('refuses by the clock'))).toBe(
        'the handler open of Open is not pure: on equal inputs, it gave first one result and then another\n' +
          "  rejected.message: first 'closed since 2026', then 'closed since 2027'",
      )
    } finally {
      vi.useRealTimers()
    }
  })

  it('finds a handler that changes its command', () => {
    expect(messageOf(() => open('changes the command'))).toBe(
      'the handler open of Open is not pure: it changes what it is given\n' +
        "  at: first '2026-03-01T10:00:00.000Z', then '2000-03-01T10:00:00.000Z'",
    )
  })

  it('finds a handler that changes the state itself', () => {
    expect(messageOf(() => open('sets state'))).toBe(
      'the handler open of Open changes the state itself, which only appliers may do\n' +
        '  opened: made again from the events 1, after the handler 2',
    )
  })

  it('finds an applier that reads the clock, in the history and in what a handler emits', () => {
    const message =
      /^the applier wasRenamed of Renamed in door is not pure: on equal inputs, .*\n {2}day: first '20\S+', then '20\S+'$/

    expect(
      messageOf(() => given(Door, [new Renamed({ name: 'by clock' })]).when(new Open({ id: '1', how: '' }))),
    ).toMatch(message)
    expect(messageOf(() => open('renames'))).toMatch(message)
  })

  it('finds an applier that changes its event', () => {
    const history = [new Opened({ at, code: 'changes the event' })]

    expect(messageOf(() => given(Door, history).when(new Open({ id: '1', how: '' })))).toBe(
      'the applier wasOpened of Opened in door is not pure: it changes what it is given\n' +
        "  at: first '2026-03-01T10:00:00.000Z', then '2000-03-01T10:00:00.000Z'",
    )
  })

  it('leaves the clock right, also when a handler throws', () => {
    const clock = Date
    const before = Date.now()
    open('fails')
    open('')

    expect(Date).toBe(clock)
    expect(Date.now() - before).toBeLessThan(60_000)
  })

  it('takes a defect for no rejection, unless its class is asked for', () => {
    const failure = failureOf(() => open('fails').then(rejected(/hinges/)))

    expect(failure.message).toBe(
      'the handler open of Open failed, which is no rejection\n  RangeError: no hinges',
    )
    expect(failure.cause).toBeInstanceOf(RangeError)
    expect(messageOf(() => open('fails').then([]))).toBe(
      'the handler open of Open failed\n  RangeError: no hinges',
    )
    open('fails').thenRejected(RangeError)
  })
})

describe('what follows a command', () => {
  const decided = given(Box).when(new OpenBox({ id: '1' }), { now: at, newId: () => 'X' })

  it('is the declared state', () => {
    decided.then([new Opened({ at, code: 'X' })]).thenState({ opened: 1n })
    given(Box, [new Opened({ at, code: 'X' })]).thenState({ opened: 1n })

    expect(messageOf(() => decided.thenState({ opened: 2n }))).toBe(
      'box is in another state than expected\n  opened: expected 2n, found 1n',
    )
    const stateless = given(Specimen).when(new NoteEverything({ id: '1' }))
    // @ts-expect-error -- it declares none
    expect(messageOf(() => stateless.thenState({}))).toBe(
      'specimen declares no state: add state to its @Aggregate, or expect events only',
    )
  })

  it('is what it reserved', () => {
    decided.thenReserved([{ kind: 'reserve', scope: 'code', value: 'X' }])

    expect(messageOf(() => decided.thenReserved([{ kind: 'reserve', scope: 'code', value: 'Y' }]))).toBe(
      "OpenBox reserved other values than expected\n  [0].value: expected 'Y', found 'X'",
    )
  })

  it('is whether it closed the stream', () => {
    const closed = given(Box, [new Opened({ at, code: 'X' })]).when(new CloseBox({ id: '1' }))

    closed
      .then([new Renamed({ name: 'closed' })])
      .thenClosed()
      .thenReserved([])
    expect(messageOf(() => decided.thenClosed())).toBe('OpenBox did not close the stream')
  })

  it('follows what was prepared', () => {
    given(Box)
      .when(new OpenBox({ id: '1' }), { now: at, prepared: { code: 'P' } })
      .then([new Opened({ at, code: 'P' })])
  })
})
