import type { Databases } from '../app/postgres/databases.js'
import {
  type OutboxStatus,
  type ParkedGroup,
  PostgresOutboxAdmin,
  readTables,
  storeTables,
} from '../outbox/postgres/index.js'
import type { Side } from '../postgres/migrate.js'
import { printable } from './printable.js'
import { table } from './table.js'

/** The outbox of one side, and how it is now. */
export interface OutboxOfSide extends OutboxStatus {
  readonly side: Side
  readonly admin: PostgresOutboxAdmin
}

export async function outboxesOf(
  databases: Databases,
  sides: readonly Side[],
): Promise<readonly OutboxOfSide[]> {
  const found: OutboxOfSide[] = []
  for (const side of sides) {
    const tables = side === 'store' ? storeTables : readTables
    const admin = new PostgresOutboxAdmin(databases[side], tables(databases.schemas[side]))
    found.push({ side, admin, ...(await admin.status()) })
  }
  return found
}

/** Parked rows by topic and key, as a table. */
export function parkedTable(
  parked: readonly (ParkedGroup & { readonly side: Side })[],
  options: { readonly plain: boolean },
): string {
  const rows = parked.map(({ side, topic, key, rows: count, since, reason }) => [
    side,
    printable(topic),
    printable(key),
    count.toString(),
    since.toISOString(),
    printable(reason),
  ])
  return table(['SIDE', 'TOPIC', 'KEY', 'ROWS', 'SINCE', 'REASON'], rows, options)
}

export const parkedOf = (outboxes: readonly OutboxOfSide[]): readonly (ParkedGroup & { side: Side })[] =>
  outboxes.flatMap(({ side, parked }) => parked.map((group) => ({ side, ...group })))
