import { envelopeOf, given, on } from 'reprise/testing'
import { describe, expect, it } from 'vitest'
import {
  Account,
  AccountOpened,
  Balances,
  MoneyDeposited,
  MoneyWithdrawn,
  Statements,
} from '../../support/bank.js'
import { Opened } from './domain.js'
import { failureOf, messageOf } from './failure-of.js'
import { ImpureRows, KeyedBySeven, Solvent, Turnover } from './read-models.js'

const openedAt = new Date('2026-03-01T10:00:00Z')
const opened = (owner: string) => new AccountOpened({ owner, openedAt })
const deposited = (amount: bigint, reference?: string) => new MoneyDeposited({ amount, reference })
const withdrawn = (amount: bigint) => new MoneyWithdrawn({ amount })

const balances = given(Balances, [
  on('576', opened('Ada'), deposited(5n)),
  on('577', opened('Bob')),
  on('576', withdrawn(2n)),
])

describe('given(projection)', () => {
  it.each<[string, unknown, string]>([
    [
      'events without on(…)',
      [deposited(1n)],
      'events are given as on(stream, …events) or as envelopes, not as MoneyDeposited',
    ],
    ['an event alone', deposited(1n), 'events are given as a list: [on(stream, …events)]'],
    ['a stream alone', on('1', deposited(1n)), 'events are given as a list: [on(stream, …events)]'],
    [
      'nothing in a list',
      [undefined],
      'events are given as on(stream, …events) or as envelopes, not as undefined',
    ],
    ['no event on a stream', [on('1', { amount: 1n } as never)], 'on(stream, …events) takes events'],
  ])('says what it takes when it is given %s', (_, events, message) => {
    expect(messageOf(() => given(Balances, events as never))).toContain(message)
  })

  it('passes an event by for which key gives nothing, as an app does', () => {
    const copies = [on('1', deposited(7n), deposited(1n)), on('2', deposited(7n))]

    given(KeyedBySeven, copies).then([{ digit: '7', count: 2n }])
  })

  it('accepts the rows that the events fold into, in any order', () => {
    balances.then([
      { account_id: '577', owner: 'Bob', balance: 0n },
      { account_id: '576', owner: 'Ada', balance: 3n },
    ])
    given(Balances, [on('1', deposited(1n))]).then([{ account_id: '1', owner: null, balance: 1n }])
    given(Balances, []).then([])

    expect(balances.rows).toEqual([
      { account_id: '576', owner: 'Ada', balance: 3n },
      { account_id: '577', owner: 'Bob', balance: 0n },
    ])
  })

  it('tells which row differs in which column, is missing or not expected', () => {
    const failure = failureOf(() =>
      balances.then([
        { account_id: '576', owner: null, balance: 4n },
        { account_id: '578', balance: 0n },
      ]),
    )

    expect(failure.message).toBe(
      'the rows of balances are not those expected\n' +
        "  row '576', balance: expected 4n, found 3n\n" +
        "  row '576', owner: expected nothing, found 'Ada'\n" +
        "  row '578': expected { account_id: '578', balance: 0n }, found nothing\n" +
        "  row '577': expected nothing, found { account_id: '577', balance: 0n, owner: 'Bob' }",
    )
    expect(failure.actual).toBe(balances.rows)
    const twice = { account_id: '576', balance: 3n }
    expect(messageOf(() => balances.then([twice, twice]))).toBe("you expect two rows with the key '576'")
  })

  it('knows deleted rows, and begins anew after them', () => {
    given(Solvent, [on('1', deposited(5n, 'rent'), withdrawn(5n))]).then([])
    given(Solvent, [on('1', deposited(5n, 'rent'), withdrawn(5n), deposited(1n))]).then([
      { account_id: '1', balance: 1n },
    ])
  })

  it('gives rows the key that the projection says', () => {
    const day = new Date('2026-03-02T23:00:00Z')

    given(Turnover, [
      on({ stream: '1', occurredAt: openedAt }, opened('Ada'), deposited(1n)),
      on({ stream: '2', occurredAt: openedAt }, deposited(2n)),
      on({ stream: '1', occurredAt: day }, deposited(4n)),
      envelopeOf(deposited(8n), { stream: '2', version: 2, occurredAt: day }),
    ]).then([
      { day: '2026-03-01', amount: 3n },
      { day: '2026-03-02', amount: 12n },
    ])
  })

  it('finds a projection that says it is commutative and is not', () => {
    expect(messageOf(() => given(Turnover, [on('1', deposited(1n, 'last')), on('2', deposited(2n))]))).toBe(
      'the projection turnover is not commutative, as it says it is: its rows depend on which stream comes first\n' +
        `  rows.get("2026-01-01").last: in the order given '1', with the last stream first '3'`,
    )
  })

  it('finds handlers that read the clock, remember something or change their event', () => {
    const handling = (...owners: readonly string[]) =>
      messageOf(() =>
        given(
          ImpureRows,
          owners.map((owner) => on(owner, opened(owner))),
        ),
      )

    expect(handling('clock')).toMatch(
      /^the handler opened of AccountOpened in impure is not pure: on equal inputs, it gave first one result and then another\n {2}year: first \d{4}, then \d{4}$/,
    )
    expect(messageOf(() => given(ImpureRows, [on('1', opened('memory')), on('2', opened('memory'))]))).toBe(
      'the handler opened of AccountOpened in impure is not pure: on equal inputs, it gave first one result and then another\n' +
        '  seen: first 2, then 1',
    )
    expect(handling('event')).toBe(
      'the handler opened of AccountOpened in impure is not pure: it changes what it is given\n' +
        "  openedAt: first '2026-03-01T10:00:00.000Z', then '2000-03-01T10:00:00.000Z'",
    )
  })

  it('tells where a handler failed', () => {
    const failure = failureOf(() => given(ImpureRows, [on('1', opened('Ada'), opened('fails'))]))

    expect(failure.message).toBe(
      'the handler opened of AccountOpened in impure failed at version 2 of account-1\n  RangeError: no such owner',
    )
    expect(failure.cause).toBeInstanceOf(RangeError)
  })

  it('makes the projection with the services that are given', () => {
    given(ImpureRows, [on('1', opened('step'))], { services: [7] }).then([
      { account_id: '1', year: 0, seen: 7 },
    ])
  })

  it('refuses events that the projection would never get, and versions that do not rise', () => {
    expect(messageOf(() => given(Balances, [on('1', new Opened({ at: openedAt, code: '' }))]))).toBe(
      'nothing that the projection balances reads from emits Opened',
    )
    expect(
      messageOf(() => given(Balances, [on('1', opened('Ada')), envelopeOf(deposited(1n), { stream: '1' })])),
    ).toBe('version 1 of account-1 is given after version 1: versions of a stream rise')
  })

  it('refuses a projection that writes SQL', () => {
    // @ts-expect-error -- it has no columns
    expect(messageOf(() => given(Statements, []))).toBe(
      'statements writes SQL, for which a database is needed: await givenInDatabase(Statements, …).then(…)',
    )
  })

  it('refuses to be awaited', async () => {
    await expect(Promise.resolve(balances as unknown as Promise<void>)).rejects.toThrow(
      'given(…) is no promise',
    )
  })
})

describe('envelopeOf', () => {
  it('gives equal envelopes for equal arguments, and other ids for other versions', () => {
    const envelope = envelopeOf(deposited(1n), {
      stream: { type: 'account', id: '1' },
      metadata: { actor: 'Ada' },
    })

    expect(envelope).toEqual(
      envelopeOf(deposited(1n), { stream: { type: 'account', id: '1' }, metadata: { actor: 'Ada' } }),
    )
    expect(envelope).toMatchObject({
      stream: { type: 'account', id: '1' },
      version: 1,
      type: 'MoneyDeposited',
      schemaVersion: 1,
      occurredAt: new Date('2026-01-01T12:00:00Z'),
      recordedAt: new Date('2026-01-01T12:00:00Z'),
      metadata: { actor: 'Ada', correlationId: envelope.metadata.commandId },
    })
    expect(envelope.eventId).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/)
    expect(envelopeOf(deposited(1n), { version: 2 }).eventId).not.toBe(envelopeOf(deposited(1n)).eventId)
  })

  it('is what a handler can be called with', () => {
    const row = { account_id: '1', balance: 0n }
    new Balances().deposited(deposited(5n), row)

    expect(row.balance).toBe(5n)
    expect(new Account('1').id).toBe('1')
  })
})
