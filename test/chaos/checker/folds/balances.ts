import type { EventFact } from '../../facts.js'
import { amountOf, compareRows, type ExpectedRow, type Fold, isOfAccount } from './fold.js'

function folded(
  applied: readonly EventFact[],
): ReadonlyMap<string, { balance: bigint; entries: bigint; last: EventFact }> {
  const accounts = new Map<string, { balance: bigint; entries: bigint; last: EventFact }>()
  for (const event of applied.filter(isOfAccount)) {
    const { balance, entries } = accounts.get(event.streamId) ?? { balance: 0n, entries: 0n }
    accounts.set(event.streamId, { balance: balance + amountOf(event), entries: entries + 1n, last: event })
  }
  return accounts
}

const rowsOf = (
  applied: readonly EventFact[],
  values: (account: { balance: bigint; entries: bigint }) => ExpectedRow['values'],
): ReadonlyMap<string, ExpectedRow> =>
  new Map([...folded(applied)].map(([id, { last, ...account }]) => [id, { values: values(account), last }]))

export const balances: Fold = {
  table: 'balances',
  mismatches: (applied, rows) =>
    compareRows(
      'balances',
      'account_id',
      rows,
      rowsOf(applied, ({ balance, entries }) => ({ balance, entries })),
    ),
}

/** The same, written by the appends themselves. */
export const funds: Fold = {
  table: 'funds',
  mismatches: (applied, rows) =>
    compareRows(
      'funds',
      'account_id',
      rows,
      rowsOf(applied, ({ balance }) => ({ balance })),
    ),
}
