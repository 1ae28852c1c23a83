import type { EventFact } from '../../facts.js'
import { compareRows, type Fold, payloadOf } from './fold.js'

/** What was appended to each list, in order. */
export const lists: Fold = {
  table: 'lists',
  mismatches(applied, rows) {
    const items = new Map<string, { items: string[]; last: EventFact }>()
    for (const event of applied.filter(({ type }) => type === 'ItemAppended')) {
      const list = items.get(event.streamId) ?? { items: [], last: event }
      list.items.push(String(payloadOf(event)['item']))
      items.set(event.streamId, { items: list.items, last: event })
    }
    const expected = [...items].map(
      ([id, list]) =>
        [
          id,
          { values: { entries: BigInt(list.items.length), items: list.items.join(',') }, last: list.last },
        ] as const,
    )
    return compareRows('lists', 'list_id', rows, new Map(expected))
  },
}
