// Dead letters as a subscription leaves them behind, without one that fails.
import { deadLettersOf } from '../../src/app/dead-letters.js'
import type { StoredEvent } from '../../src/core/envelope.js'
import { streamName } from '../../src/core/stream.js'
import type { LogRecord } from '../../src/log/index.js'
import {
  checkpointsWith,
  type DeadLetters,
  type Letter,
  type ParkedFailure,
  type Subscriber,
} from '../../src/subscriptions/index.js'
import type { ReadTransaction } from '../../src/subscriptions/postgres/index.js'
import { subscriberThrough } from '../chaos/planted/subscriber-through.js'
import type { HandFed } from './hand-fed.js'
import { ask } from './read-side.js'

export const planted: ParkedFailure = {
  class: 'handler',
  name: 'TypeError',
  message: 'planted',
  stack: 'TypeError: planted\n    at Balances.deposited (balances.ts:1:1)',
  fingerprint: 'f1',
  attempts: 5,
  firstFailedAt: new Date('2026-03-01T10:00:00.000Z'),
}

/** Parks events of one key: the first failed, the others wait behind it; their guards have moved on. */
export async function parkSequence(
  fed: HandFed,
  events: readonly StoredEvent[],
  failure: Partial<ParkedFailure> = {},
  change: (record: LogRecord, index: number) => LogRecord = (record) => record,
): Promise<void> {
  const letters = fed.records(events).map((record, index): Letter => {
    const event = events[index]
    return {
      record: change(record, index),
      event,
      sequenceKey: event && streamName(event.stream),
      failure: index === 0 ? { ...planted, ...failure } : undefined,
    }
  })
  await park(fed, letters, new Map(events.map((event) => [streamName(event.stream), event.version])))
}

/** Parks records of which nothing is known, each alone. */
export async function parkAlone(
  fed: HandFed,
  records: readonly LogRecord[],
  event?: Letter['event'],
): Promise<void> {
  const failure = { ...planted, class: 'contract' as const, fingerprint: 'hostile', name: 'SyntaxError' }
  await park(
    fed,
    records.map((record) => ({ record, event, sequenceKey: undefined, failure })),
  )
}

async function park(
  fed: HandFed,
  letters: readonly Letter[],
  versions = new Map<string, number>(),
): Promise<void> {
  await fed.parts.checkpoints.backfill(fed.parts.subscriberFor(fed.generation), async (scope) => {
    await scope.parking.park(letters)
    await scope.guards.advance(versions)
  })
}

export const lettersOf = (fed: HandFed): DeadLetters<ReadTransaction> =>
  deadLettersOf(fed.databases, fed.parts)

/** The letters, with something done before each event is applied. */
export function lettersAround(
  { databases, parts }: HandFed,
  before: (...given: Parameters<Subscriber<ReadTransaction>['apply']>) => Promise<void>,
): DeadLetters<ReadTransaction> {
  return deadLettersOf(databases, {
    ...parts,
    subscriberFor: (live) => {
      const shipped = parts.subscriberFor(live)
      return subscriberThrough(shipped, {
        apply: async (tx, envelopes) => {
          await before(tx, envelopes)
          await shipped.apply(tx, envelopes)
        },
      })
    },
  })
}

/** The letters, with something done between the count of the first one and its try. */
export function lettersBetween(
  { databases, parts }: HandFed,
  meddle: () => Promise<void>,
): DeadLetters<ReadTransaction> {
  const { checkpoints } = parts
  let counted = false
  return deadLettersOf(databases, {
    ...parts,
    checkpoints: checkpointsWith(checkpoints, {
      backfill: async (subscriber, work) => {
        await checkpoints.backfill(subscriber, work)
        if (!counted) await meddle()
        counted = true
      },
    }),
  })
}

/** What is left of letters and decisions, in the database's words. */
export async function lettersIn(url: string) {
  const letters = await ask<{ key: string | null; version: number | null; class: string; attempts: number }>(
    url,
    `SELECT sequence_key AS key, version::int, error_class AS class, attempts FROM reprise_read.parked_events ORDER BY id`,
  )
  const keys = await ask<{ key: string }>(
    url,
    `SELECT sequence_key AS key FROM reprise_read.parked_sequences ORDER BY 1`,
  )
  return { letters, keys: keys.map(({ key }) => key) }
}

export function auditIn(url: string) {
  return ask<{ actor: string; action: string; target: Record<string, unknown>; reason: string | null }>(
    url,
    `SELECT actor, action, target, reason FROM reprise_read.audit_log ORDER BY id`,
  )
}
