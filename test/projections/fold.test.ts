import { describe, expect, it } from 'vitest'
import {
  defineProjection,
  InvalidValue,
  long,
  Projection,
  Projects,
  type Row,
  string,
  TableProjection,
  uuid,
} from 'reprise'
import { fold, type FoldedRows } from '../../src/projections/fold.js'
import type { KeyOf } from '../../src/projections/projection-model.js'
import { rowKeyOf } from '../../src/projections/row-key.js'
import { HandlerFailed } from '../../src/subscriptions/index.js'
import { Account, MoneyDeposited, MoneyWithdrawn } from '../support/bank.js'
import { envelopes, tableModelOf } from '../support/folding.js'

@Projection({ name: 'sums', version: 1, from: [Account] })
class Sums extends TableProjection({
  table: 'sums',
  key: 'account_id',
  columns: { account_id: string(), total: long(10n) },
}) {
  @Projects(MoneyDeposited)
  deposited({ amount }: MoneyDeposited, row: Row<typeof Sums>) {
    row.total += amount
  }

  @Projects(MoneyWithdrawn)
  withdrawn(_: MoneyWithdrawn, row: Row<typeof Sums>) {
    row.total = -1n
    return null
  }
}

@Projection({ name: 'by_uuid', version: 1, from: [Account] })
class ByUuid extends TableProjection({ table: 'by_uuid', key: 'id', columns: { id: uuid() } }) {
  @Projects(MoneyDeposited)
  deposited() {}
}

const deposit = (amount: bigint) => new MoneyDeposited({ amount })
const model = tableModelOf(Sums)

describe('fold', () => {
  function folded(rows: FoldedRows, ...events: readonly (MoneyDeposited | MoneyWithdrawn)[]): FoldedRows {
    const envelope = envelopes()
    fold(
      model,
      new Sums(),
      rows,
      events.map((event) => ({ key: 'k', envelope: envelope(event) })),
    )
    return rows
  }
  const withdrawal = new MoneyWithdrawn({ amount: 1n })

  it('deletes the row of a handler that returns null, and begins with a first row after that', () => {
    expect(folded(new Map(), deposit(1n), withdrawal)).toEqual(new Map([['k', null]]))
    expect(folded(new Map([['k', { account_id: 'k', total: 5n }]]), withdrawal)).toEqual(
      new Map([['k', null]]),
    )
    expect(folded(new Map(), deposit(1n), withdrawal, deposit(2n))).toEqual(
      new Map([['k', { account_id: 'k', total: 12n }]]),
    )
    expect(folded(new Map(), withdrawal, withdrawal)).toEqual(new Map([['k', null]]))
  })

  it('has the key of an event in the row of its first event', () => {
    const rows: FoldedRows = new Map()
    const envelope = envelopes()

    fold(model, new Sums(), rows, [
      { key: 'a', envelope: envelope(deposit(1n)) },
      { key: 'b', envelope: envelope(deposit(2n)) },
      { key: 'a', envelope: envelope(deposit(3n)) },
    ])

    expect([...rows.values()]).toEqual([
      { account_id: 'a', total: 14n },
      { account_id: 'b', total: 12n },
    ])
  })
})

describe('fold of what JavaScript may do', () => {
  it('refuses a column that is not declared, as events refuse a field', () => {
    class Misspelt extends Sums {
      override deposited(_: MoneyDeposited, row: Row<typeof Sums>) {
        Object.assign(row, { totl: 1n })
      }
    }
    defineProjection(Misspelt, {
      name: 'misspelt',
      version: 1,
      from: [Account],
      projects: { deposited: MoneyDeposited },
    })
    const envelope = envelopes()(deposit(1n))
    const folding = () => {
      fold(tableModelOf(Misspelt), new Misspelt(), new Map(), [{ key: 'k', envelope }])
    }

    expect(failureOf(folding).message).toBe(
      'invalid values for the row "k" of projection misspelt: totl is not declared',
    )
  })
})

describe('rowKeyOf', () => {
  const event = envelopes()(deposit(7n), 'stream-1')

  it('is the id of the stream, or what the key of the projection says', () => {
    const keyOf: KeyOf = (it, { stream }) => `${stream.id}:${it instanceof MoneyDeposited ? it.amount : ''}`

    expect(rowKeyOf(model, event)).toBe('stream-1')
    expect(rowKeyOf({ ...model, keyOf }, event)).toBe('stream-1:7')
    expect(rowKeyOf({ ...model, keyOf: () => 'ü'.repeat(256) }, event)).toHaveLength(256)
  })

  it.each<[string, unknown, string]>([
    ['is empty', '', 'must not be empty'],
    ['is null', null, 'must be a string, not null'],
    ['is a number', 7, 'must be a string, not a number'],
    ['is a promise', Promise.resolve('a'), 'must be a string, not a Promise'],
    ['is longer than 512 bytes', 'ü'.repeat(257), 'must not be longer than 512 bytes'],
    ['holds U+0000', 'a\0', 'must hold neither U+0000 nor a lone surrogate'],
    ['holds a lone surrogate', '\ud800', 'must hold neither U+0000 nor a lone surrogate'],
  ])('refuses a key that %s, naming the event and never the key', (_, key, problem) => {
    const failure = failureOf(() => rowKeyOf({ ...model, keyOf: () => key as string }, event))

    expect(failure).toMatchObject({ envelope: event, transient: false })
    expect(failure.cause).toBeInstanceOf(InvalidValue)
    expect(failure.message).toBe(
      `invalid values for what key of projection sums gave for MoneyDeposited: ${problem}`,
    )
  })

  it('refuses what the column of the key cannot hold as it is', () => {
    const failure = failureOf(() =>
      rowKeyOf({ ...tableModelOf(ByUuid), keyOf: () => 'FFFFFFFF-0000-0000-0000-000000000000' }, event),
    )

    expect(failure.message).toContain('must be a UUID in lower case')
    expect(failureOf(() => rowKeyOf(tableModelOf(ByUuid), event)).message).toBe(
      'invalid values for the row of projection by_uuid: id is the id of the stream here, and must be a UUID in lower ' +
        'case with hyphens',
    )
  })

  it('is undefined for an event of no row', () => {
    expect(rowKeyOf({ ...model, keyOf: () => undefined }, event)).toBeUndefined()
  })

  it('names the event at which the key threw', () => {
    const failure = failureOf(() =>
      rowKeyOf(
        {
          ...model,
          keyOf: () => {
            throw new TypeError('no such field')
          },
        },
        event,
      ),
    )

    expect(failure).toMatchObject({ envelope: event, message: 'no such field' })
  })
})

function failureOf(work: () => unknown): HandlerFailed {
  try {
    work()
  } catch (error) {
    if (error instanceof HandlerFailed) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
