import type { EventFact } from '../../facts.js'
import { compareRows, type Fold, movesMoney, payloadOf, whole } from './fold.js'

/** Entries and money by day and operation, over all accounts. */
export const totals: Fold = {
  table: 'totals',
  mismatches(applied, rows) {
    const expected = new Map<string, { values: { entries: bigint; amount: bigint }; last: EventFact }>()
    for (const event of applied.filter(movesMoney)) {
      const { bookedOn, amount } = payloadOf(event)
      const key = `${String(bookedOn)} ${event.type}`
      const { entries, amount: sum } = expected.get(key)?.values ?? { entries: 0n, amount: 0n }
      expected.set(key, { values: { entries: entries + 1n, amount: sum + whole(amount) }, last: event })
    }
    return compareRows('totals', 'day_and_operation', rows, expected)
  },
}
