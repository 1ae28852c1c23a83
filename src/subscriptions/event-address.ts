import type { EventAddress } from '../core/errors/index.js'
import { EventNotReadable } from '../core/errors/index.js'
import { streamName } from '../core/stream.js'
import type { LogRecord } from '../log/index.js'
import { VersionsMissing } from './guard.js'
import type { HeldLane } from './held-lane.js'
import { RecordRefused } from './record-refused.js'
import { HandlerFailed, UnnamedFailure } from './subscriber.js'
import type { TopicEvent, TopicRules } from './topic-rules.js'

/** What a failure says about the event that it happened at. */
export interface FailedEvent {
  readonly stream: string
  /** 0 where its producer does not number events. */
  readonly version: number
  readonly eventId?: string
  readonly type?: string
}

/**
 * How many records come before the one that a batch failed at; undefined when the failure does not say. A version that
 * the topic skipped fails at the record that made it be fetched.
 */
export function recordsBefore(
  error: unknown,
  records: readonly LogRecord[],
  rules: TopicRules,
): number | undefined {
  if (error instanceof RecordRefused) return records.indexOf(error.record)
  const failed = failedEvent(error)
  if (failed === undefined) return undefined
  const index = records.findIndex((record) => {
    const event = eventIn(record, rules)
    return event !== undefined && isOrFollows(event, failed)
  })
  return index < 0 ? undefined : index
}

/** The offset of the record that a batch failed at; of its first one when the failure does not say. */
export function failedOffset(
  error: unknown,
  records: readonly LogRecord[],
  { rules, next }: HeldLane,
): bigint {
  const settling = records.filter(({ offset }) => offset >= next)
  return settling[recordsBefore(error, settling, rules) ?? 0]?.offset ?? next
}

/** Where the event is that failed at this record. Nothing, when the record cannot even be decoded. */
export function addressOf(error: unknown, record: LogRecord, rules: TopicRules): EventAddress | undefined {
  const event = eventIn(record, rules)
  if (event === undefined) return undefined
  const { topic, partition, offset } = record
  const { stream, version, eventId, type } = event
  return { topic, partition, offset, version, eventId, type, ...failedEvent(error), stream }
}

/** The event in a record; nothing where it holds none, or one that cannot be read: whoever has to apply it says so. */
export function eventIn(record: LogRecord, rules: TopicRules): TopicEvent | undefined {
  try {
    return rules.read(record)
  } catch {
    return undefined
  }
}

function isOrFollows({ stream, version, eventId }: TopicEvent, failed: FailedEvent): boolean {
  if (streamName(stream) !== failed.stream) return false
  return failed.version === 0 ? eventId === failed.eventId : version >= failed.version
}

/** What a failure says about its event. */
export function failedEvent(error: unknown): FailedEvent | undefined {
  if (error instanceof HandlerFailed || error instanceof UnnamedFailure) {
    const { stream, version, eventId, type } = error.envelope
    return { stream: streamName(stream), version, eventId, type }
  }
  if (error instanceof VersionsMissing)
    return { stream: streamName(error.event.stream), version: error.event.version }
  if (error instanceof EventNotReadable) {
    const { stream, version, eventId, type } = error.facts
    if (typeof stream !== 'string' || typeof version !== 'number') return undefined
    return { stream, version, eventId: String(eventId), type: String(type) }
  }
  return undefined
}
