import { AggregateNotFound, CommandRejected } from 'reprise'
import { aContext, given, rejected, testId } from 'reprise/testing'
import { describe, expect, it } from 'vitest'
import { StreamClosed } from '../../../src/core/errors/index.js'
import {
  Account,
  AccountOpened,
  DepositMoney,
  MoneyDeposited,
  MoneyWithdrawn,
  OpenAccount,
  Touch,
  WithdrawMoney,
} from '../../support/bank.js'
import { everything, EverythingNoted, NoteEverything, Specimen } from './domain.js'
import { failureOf, messageOf } from './failure-of.js'

const openedAt = new Date('2026-03-01T10:00:00Z')
const opened = new AccountOpened({ owner: 'Ada', openedAt })
const deposited = (amount: bigint) => new MoneyDeposited({ amount })
const deposit = (amount: bigint) => new DepositMoney({ accountId: '576', amount })
const withdraw = (amount: bigint) => new WithdrawMoney({ accountId: '576', amount })

describe('given(aggregate)', () => {
  it.each<[string, unknown, string]>([
    [
      'an event alone',
      opened,
      'the history of Account is given as a list of events: [new AccountOpened({ … })]',
    ],
    [
      'what is no event',
      [{ owner: 'Ada' }],
      "the history of Account holds what is no event: { owner: 'Ada' }",
    ],
  ])('says what it takes when it is given %s', (_, history, message) => {
    expect(messageOf(() => given(Account, history as never))).toContain(message)
  })

  it('accepts the events that the command led to', () => {
    given(Account, [opened, deposited(5n)])
      .when(withdraw(5n))
      .then([new MoneyWithdrawn({ amount: 5n })])
    given(Account, [opened])
      .when(new Touch({ accountId: '576' }))
      .then([])
  })

  it('decides at the time and for the actor that are given', () => {
    const open = new OpenAccount({ accountId: '576', owner: 'Ada' })

    given(Account).when(open, { now: openedAt }).then([opened])
    given(Account)
      .when(open)
      .then([new AccountOpened({ owner: 'Ada', openedAt: new Date('2026-01-01T12:00:00Z') })])
  })

  it('tells which field of which event differs', () => {
    const failure = failureOf(() =>
      given(Account, [opened])
        .when(deposit(5n))
        .then([new MoneyDeposited({ amount: 6n, reference: 'rent' })]),
    )

    expect(failure.message).toBe(
      'DepositMoney led to other events than expected\n' +
        '  event 1 (MoneyDeposited), amount: expected 6n, found 5n\n' +
        "  event 1 (MoneyDeposited), reference: expected 'rent', found nothing",
    )
    expect(failure.actual).toEqual([deposited(5n)])
    expect(failure.expected).toEqual([new MoneyDeposited({ amount: 6n, reference: 'rent' })])
  })

  it('tells events of another type, missing ones and surplus ones', () => {
    const decided = given(Account, [opened]).when(deposit(5n))

    expect(messageOf(() => decided.then([new MoneyWithdrawn({ amount: 5n }), deposited(1n)]))).toBe(
      'DepositMoney led to other events than expected\n' +
        '  event 1: expected MoneyWithdrawn { amount: 5n }, found MoneyDeposited { amount: 5n }\n' +
        '  event 2: expected MoneyDeposited { amount: 1n }, found nothing',
    )
    expect(messageOf(() => decided.then([]))).toBe(
      'DepositMoney led to other events than expected\n' +
        '  event 1: expected nothing, found MoneyDeposited { amount: 5n }',
    )
  })

  it('compares values of every kind of field, and shows them', () => {
    const other = {
      a_string: 'b',
      an_int: 2,
      a_long: 2n,
      a_double: 0.25,
      a_decimal: '1.51',
      a_boolean: false,
      a_uuid: '00000000-0000-7000-8000-000000000002',
      a_timestamp: new Date('2026-01-01T00:00:00.001Z'),
      some_micros: 1_000_001n,
      a_date: '2026-01-02',
      an_enumeration: 'green' as const,
      some_bytes: new Uint8Array([1, 2, 4]),
      a_map: new Map([['x', 2n]]),
      a_record: { street: 'Main St' },
      an_array: [{ amount: 1n }, { amount: 3n }],
      an_optional: 'there',
    }
    const decided = given(Specimen).when(new NoteEverything({ id: '1' }))

    decided.then([new EverythingNoted(everything)])
    expect(messageOf(() => decided.then([new EverythingNoted(other)]))).toBe(
      [
        'NoteEverything led to other events than expected',
        "a_string: expected 'b', found 'a'",
        'an_int: expected 2, found 1',
        'a_long: expected 2n, found 1n',
        'a_double: expected 0.25, found 0.5',
        "a_decimal: expected '1.51', found '1.50'",
        'a_boolean: expected false, found true',
        "a_uuid: expected '00000000-0000-7000-8000-000000000002', found '00000000-0000-7000-8000-000000000001'",
        'a_timestamp: expected 2026-01-01T00:00:00.001Z, found 2026-01-01T00:00:00.000Z',
        'some_micros: expected 1000001n, found 1000000n',
        "a_date: expected '2026-01-02', found '2026-01-01'",
        "an_enumeration: expected 'green', found 'red'",
        'some_bytes: expected Uint8Array(3) [ 1, 2, 4 ], found Uint8Array(3) [ 1, 2, 3 ]',
        'a_map.get("x"): expected 2n, found 1n',
        'a_record.number: expected nothing, found 5',
        'an_array[1].amount: expected 3n, found 2n',
        "an_optional: expected 'there', found nothing",
      ].join('\n  event 1 (EverythingNoted), '),
    )
  })

  it.each(Object.keys(everything))('sees a difference in %s alone', (field) => {
    const changed = {
      ...everything,
      ...{
        a_string: { a_string: 'b' },
        an_int: { an_int: 2 },
        a_long: { a_long: 2n },
        a_double: { a_double: 0.25 },
        a_decimal: { a_decimal: '1.51' },
        a_boolean: { a_boolean: false },
        a_uuid: { a_uuid: testId(2) },
        a_timestamp: { a_timestamp: new Date(0) },
        some_micros: { some_micros: 1n },
        a_date: { a_date: '2026-01-02' },
        an_enumeration: { an_enumeration: 'green' as const },
        some_bytes: { some_bytes: new Uint8Array([1, 2]) },
        a_map: { a_map: new Map([['y', 1n]]) },
        a_record: { a_record: { street: 'Main' } },
        an_array: { an_array: [{ amount: 1n }] },
      }[field],
    }
    const decided = given(Specimen).when(new NoteEverything({ id: '1' }))

    expect(messageOf(() => decided.then([new EverythingNoted(changed)]))).toContain(
      `(EverythingNoted), ${field}`,
    )
  })

  it('accepts the rejection that was expected, by class, message, pattern or facts', () => {
    const decided = given(Account, [opened, deposited(5n)]).when(withdraw(6n))

    decided.then(rejected())
    decided.then(rejected(CommandRejected))
    decided.then(rejected('the balance does not cover it', { balance: 5n }))
    decided.thenRejected(/does not cover/)
    decided.thenRejected({ error: CommandRejected, message: /cover/, facts: { amount: 6n } })
    given(Account).when(deposit(5n)).thenRejected(AggregateNotFound)
    given(Account, [opened], { closed: true }).when(deposit(5n)).thenRejected(StreamClosed)
    given(Account, [opened])
      .when(deposit(5n), { expect: 7 })
      .thenRejected(/is at version 1, but 7 was expected/)
  })

  it('tells in what a rejection is another one', () => {
    const decided = given(Account, [opened, deposited(5n)]).when(withdraw(6n))
    const failure = failureOf(() =>
      decided.then(rejected('the balance does not cover', { balance: 4n, limit: 1n })),
    )

    expect(failure.message).toBe(
      'WithdrawMoney was rejected for another reason than expected\n' +
        "  message: expected 'the balance does not cover', found 'the balance does not cover it'\n" +
        '  facts.balance: expected 4n, found 5n\n' +
        '  facts.limit: expected 1n, found nothing',
    )
    expect(failure.cause).toBeInstanceOf(CommandRejected)
    expect(messageOf(() => decided.thenRejected(AggregateNotFound))).toBe(
      'WithdrawMoney was rejected for another reason than expected\n' +
        "  class: expected 'AggregateNotFound', found 'CommandRejected'",
    )
    expect(messageOf(() => decided.thenRejected(/nothing of it/))).toBe(
      'WithdrawMoney was rejected for another reason than expected\n' +
        "  message: expected /nothing of it/, found 'the balance does not cover it'",
    )
  })

  it('tells a rejection where events were expected, and the other way round', () => {
    const failure = failureOf(() =>
      given(Account, [opened])
        .when(withdraw(6n))
        .then([new MoneyWithdrawn({ amount: 6n })]),
    )

    expect(failure.message).toBe(
      'WithdrawMoney was rejected, but events were expected\n' +
        '  CommandRejected: the balance does not cover it { balance: 0n, amount: 6n }',
    )
    expect(failure.cause).toBeInstanceOf(CommandRejected)
    expect(messageOf(() => given(Account, [opened]).when(deposit(5n)).thenRejected())).toBe(
      'DepositMoney was accepted, but a rejection was expected\n  it led to MoneyDeposited { amount: 5n }',
    )
    expect(
      messageOf(() =>
        given(Account, [opened])
          .when(new Touch({ accountId: '576' }))
          .thenRejected(),
      ),
    ).toBe('Touch was accepted, but a rejection was expected\n  it led to no events')
  })

  it('refuses to be awaited, and says what to do', async () => {
    const decided = given(Account, [opened]).when(deposit(5n))
    const message =
      'given(…).when(…) is no promise: call .then(…) on it with what you expect, and neither await nor return it before that'

    await expect(async () => await (decided as unknown as Promise<void>)).rejects.toThrow(message)
    await expect(Promise.resolve(decided as unknown as Promise<void>)).rejects.toThrow(message)
    await expect(Promise.resolve(decided.then([deposited(5n)]))).resolves.toBeDefined()
  })

  it('refuses a command for another aggregate, and one that nobody handles', () => {
    expect(messageOf(() => given(Account, [opened], { id: '577' }).when(deposit(5n)))).toBe(
      "the aggregate's id is '577', but DepositMoney is for '576'",
    )
    expect(messageOf(() => given(Account).when(new NoteEverything({ id: '1' })))).toBe(
      'account has no handler for NoteEverything; it handles OpenAccount, DepositMoney, WithdrawMoney, Touch',
    )
  })
})

describe('aContext', () => {
  it('is the same each time', () => {
    const context = aContext({ actor: 'Ada', prepared: { rate: 2n } })

    expect([context.newId(), context.newId()]).toEqual([testId(1), testId(2)])
    expect(context).toMatchObject({
      now: new Date('2026-01-01T12:00:00Z'),
      actor: 'Ada',
      prepared: { rate: 2n },
    })
    expect(aContext({ newId: () => 'id', now: openedAt }).newId()).toBe('id')
  })
})
