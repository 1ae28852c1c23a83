import type { ClaimedEvent, EventEncoding, ReceivedEvent } from '../core/event-encoding.js'
import { type EventTypes, readEvent } from '../core/event-reading.js'
import type { LogRecord } from '../log/index.js'
import type { UnreadEvent } from './apply-in-sequence.js'
import { RecordRefused, strange, unreadable } from './record-refused.js'

/** How a record of a topic is told from one that was applied already, and what happens where one is missing. */
export type TopicGuard =
  /** The versions of each stream are dense. What the topic skips is read from the store. */
  | { readonly kind: 'versions'; readonly missing: 'fetched' }
  /** The same, but no store is in reach: a lane waits for what the topic skips. All records are of one store. */
  | { readonly kind: 'versions'; readonly missing: 'awaited' }
  /** Ids are remembered for so many milliseconds, by the times of the records. */
  | { readonly kind: 'eventIds'; readonly window: number }
  /** The checkpoint alone. */
  | { readonly kind: 'offsets' }

/** An event as a topic gives it. */
export type TopicEvent = UnreadEvent & Partial<Pick<ReceivedEvent, 'storeId'>>

/** What a record that cannot be read says of itself. */
export type ClaimedRecord = Pick<ClaimedEvent, 'stream'> & Partial<ClaimedEvent>

/** What a subscription knows about one of its topics. */
export interface TopicRules {
  readonly guard: TopicGuard

  /**
   * Whether offsets that are not there mean nothing, as between positions of the store, or in a log that has gaps.
   * @defaultValue false
   */
  readonly gaps?: boolean

  /** Reads a record; undefined when it is none of the topic's events, and is passed by. Throws at what is no event. */
  read(record: LogRecord): TopicEvent | undefined

  /** Throws when an event that was read must not be applied, nor passed by. */
  check(record: LogRecord, event: TopicEvent): void

  /**
   * Which event a record stands for that cannot be read, by what is written beside its value, true or not; of a producer
   * that numbers nothing its stream at the most. Undefined where that cannot be told.
   */
  claimed(record: LogRecord): ClaimedRecord | undefined

  /** Tells a record from any other that may be at its place when the topic was made anew. Throws at what is no event. */
  proofOf(record: LogRecord): string
}

/** A record with the event that it holds, if it holds one. */
export interface ReadRecord {
  readonly record: LogRecord
  readonly event: TopicEvent | undefined
}

/** @throws {@link RecordRefused} when it cannot be read, or must not be applied */
export function readRecord(record: LogRecord, rules: TopicRules): ReadRecord {
  const event = readable(record, () => rules.read(record))
  if (event !== undefined) readable(record, () => rules.check(record, event))
  return { record, event }
}

/** Reads a record, and refuses it where that throws. */
export function readable<T>(record: LogRecord, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof RecordRefused ? error : unreadable(record, error)
  }
}

/** What is known of the topics that the app's own store is published to. */
export interface OwnTopics {
  readonly encoding: EventEncoding
  readonly eventTypes: EventTypes
  /** Records of any other store are refused. */
  readonly storeId: string
  /** Their offsets have gaps: those of the log that they are in, or they are the store itself. @defaultValue false */
  readonly gaps?: boolean
}

/** The rules of the app's own topics. */
export function ownTopicRules({ encoding, eventTypes, storeId, gaps = false }: OwnTopics): TopicRules {
  const read = rememberingLast((record) => encoding.decode(record))
  return {
    guard: { kind: 'versions', missing: 'fetched' },
    gaps,
    read,
    check: (record, event) => {
      if (event.storeId !== storeId) throw strange(record, event.storeId ?? 'unknown')
      // A type that this build does not know may matter to it: passing it by would lose it for good.
      if (!eventTypes.has(event.type)) readEvent(event, eventTypes)
    },
    claimed: (record) => encoding.claimed(record),
    proofOf: (record) => read(record).eventId,
  }
}

/**
 * Whether each offset must have its record, so that one which is not there was lost: in the topics of ours, whichever app's,
 * where their log has no gaps. Topics of other producers may be compacted, in whatever log.
 */
export const hasDenseOffsets = ({ guard, gaps }: TopicRules): boolean =>
  guard.kind === 'versions' && gaps !== true

/** Whether only the topic tells what its events are: there is no store to ask, and its producer is trusted. */
export const isTrusted = ({ guard }: TopicRules): boolean =>
  guard.kind !== 'versions' || guard.missing === 'awaited'

/** Keeps what came of the record read last: while one is settled it is asked for again, and may be made to take long. */
function rememberingLast<T>(read: (record: LogRecord) => T): (record: LogRecord) => T {
  let last: { readonly record: LogRecord; readonly event: T } | undefined
  let refused: { readonly record: LogRecord; readonly reason: unknown } | undefined
  return (record) => {
    if (last?.record === record) return last.event
    if (refused?.record === record) throw refused.reason
    try {
      const event = read(record)
      last = { record, event }
      return event
    } catch (reason) {
      refused = { record, reason }
      throw reason
    }
  }
}
