import { quoted } from '../../../src/postgres/schemas.js'
import type { EventRow } from '../../../src/outbox/outbox.js'

export type ClaimedRow = EventRow

/** $1 slots, $2 limit. Rows of the store's outbox as a relay takes them; `rest` decides which, in what order, and how. */
export const claimStatement = (store: string, rest: string): string => `
SELECT id, slot, topic, key, event_position AS position, false AS waits
FROM ${quoted(store)}.outbox WHERE slot = ANY($1::smallint[]) ${rest}`
