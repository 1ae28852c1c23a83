import { amountOf, compareRows, type Fold, movesMoney } from './fold.js'
import { hashOf } from './statements.js'

/** One row over all accounts, in the order of the store. */
export const ledger: Fold = {
  table: 'ledger',
  mismatches(applied, rows) {
    const booked = applied
      .filter(movesMoney)
      .toSorted((a, b) => (BigInt(a.position) < BigInt(b.position) ? -1 : 1))
    const last = booked.at(-1)
    if (last === undefined) return compareRows('ledger', 'ledger', rows, new Map())
    const values = {
      entries: BigInt(booked.length),
      amount: booked.reduce((sum, event) => sum + amountOf(event), 0n),
      order_hash: booked.reduce((hash, { eventId }) => hashOf(`${hash}|${eventId}`), ''),
    }
    return compareRows('ledger', 'ledger', rows, new Map([['all', { values, last }]]))
  },
}
