import { Kysely, PostgresDialect } from 'kysely'
import type { Pool } from 'pg'
import type { Letter } from '../../src/subscriptions/parking.js'
import { PostgresCheckpointStore } from '../../src/subscriptions/postgres/index.js'
import { schemas } from './write-side.js'

/** Parks letters of a generation as a batch does. */
export async function parkLetters(
  pool: Pool,
  subscriber: { readonly name: string; readonly generation: number },
  letters: readonly Letter[],
): Promise<void> {
  // The pool is the test's own, and ends with it.
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  const checkpoints = new PostgresCheckpointStore(db, schemas.read)
  await checkpoints.backfill(subscriber, ({ parking }) => parking.park(letters))
}

/** A letter of the account's stream that a handler failed at. */
export function letterOf(account: string, version: number, different: Partial<Letter> = {}): Letter {
  return {
    record: {
      topic: 'bank.account',
      partition: 1,
      offset: 40n + BigInt(version),
      key: account,
      headers: { ce_type: 'MoneyDeposited', odd: 'a\u0000b' },
      value: Uint8Array.from([0, 255, version]),
      timestamp: new Date('2026-03-01T12:34:56.789Z'),
    },
    event: {
      eventId: `event-${version}`,
      stream: { type: 'account', id: account },
      version,
      type: 'MoneyDeposited',
    },
    sequenceKey: `account-${account}`,
    failure: {
      class: 'handler',
      name: 'RangeError',
      message: 'no such\u0000 account',
      stack: 'RangeError: no such account\n    at Balances.deposited',
      fingerprint: 'f00',
      attempts: 5,
      firstFailedAt: new Date('2026-03-01T12:35:00.000Z'),
    },
    ...different,
  }
}
