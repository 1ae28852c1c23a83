import type { StoredEvent } from '../core/envelope.js'
import { OWN_SCHEMA_VERSION } from '../core/ports/schema-store.js'
import { streamName } from '../core/stream.js'
import type { LogRecord } from '../log/index.js'
import type { UnreadEvent } from './apply-in-sequence.js'
import { eventIn, failedEvent } from './event-address.js'
import { VersionsMissing } from './guard.js'
import { classToPark } from './parked-failure.js'
import { RecordOfAnotherStore } from './record-refused.js'
import type { SubscriptionOptions } from './subscription-options.js'
import {
  type ClaimedRecord,
  isTrusted,
  type ReadRecord,
  type TopicEvent,
  type TopicRules,
} from './topic-rules.js'

/**
 * What is to become of a record at which a try failed for good.
 *
 * - `halt`: nothing of the subscription may go on
 * - `ahead`: left to a newer release, which wrote `event`
 * - `park`: its `event` becomes a letter, behind which those of its key wait
 * - `park apart`: the record becomes a letter that holds nothing back, since it is tied to no committed event; or, where
 *   a producer that numbers nothing is trusted, one that holds back what comes of `stream`
 */
export type Verdict =
  | { readonly outcome: 'halt' }
  | { readonly outcome: 'ahead'; readonly event: UnreadEvent }
  | {
      readonly outcome: 'park'
      readonly class: 'contract' | 'handler'
      readonly event: UnreadEvent
      readonly read: ReadRecord
    }
  | {
      readonly outcome: 'park apart'
      readonly class: 'contract' | 'handler'
      readonly event: TopicEvent | undefined
      readonly stream: string | undefined
    }

type JudgeOptions<Tx> = Pick<SubscriptionOptions<Tx>, 'history' | 'eventTypes' | 'schemas'>

/** Whether versions are missing that no store in reach has: they are waited for. */
export const isAwaited = (error: unknown, { guard }: TopicRules): error is VersionsMissing =>
  error instanceof VersionsMissing && guard.kind === 'versions' && guard.missing === 'awaited'

/**
 * Decides what becomes of a record at which a try failed, for a reason that does not pass.
 *
 * @throws {@link VersionsMissing} where it waits for them, which is not decided here
 */
export async function verdictOf<Tx>(
  error: unknown,
  record: LogRecord,
  rules: TopicRules,
  options: JudgeOptions<Tx>,
): Promise<Verdict> {
  if (isAwaited(error, rules)) throw error
  if (error instanceof RecordOfAnotherStore) return { outcome: 'halt' }
  const own = eventIn(record, rules)
  const failureClass = classToPark(error)
  if (isTrusted(rules)) return trusted(record, own, rules, failureClass)
  const stored = await committed(record, own, failedEvent(error)?.version, rules, options)
  if (stored === undefined)
    return { outcome: 'park apart', class: failureClass, event: own, stream: undefined }
  // The store holds the event, and not what comes before it.
  if (error instanceof VersionsMissing) return { outcome: 'halt' }
  if (failureClass === 'contract' && (await isAhead(stored, options)))
    return { outcome: 'ahead', event: stored }
  const isOwn = own === undefined || own.eventId === stored.eventId
  const event = isOwn ? (own ?? stored) : stored
  return { outcome: 'park', class: failureClass, event, read: { record, event: own ?? stored } }
}

/**
 * The committed event that a try failed at: the one that the record stands for, or one before it that the topic skipped.
 * Undefined where the record stands for none: whoever wrote it, it is no event of this store.
 */
async function committed<Tx>(
  record: LogRecord,
  own: TopicEvent | undefined,
  failedVersion: number | undefined,
  rules: TopicRules,
  { history }: JudgeOptions<Tx>,
): Promise<StoredEvent | undefined> {
  const claimed = own ?? rules.claimed(record)
  if (claimed?.version === undefined || record.key !== claimed.stream.id) return undefined
  const { stream, version, eventId } = claimed
  if (failedVersion !== undefined && failedVersion < version) {
    const [skipped] = await history.versions(stream, failedVersion, failedVersion)
    return skipped
  }
  const [stored] = await history.versions(stream, version, version)
  return stored?.eventId === eventId ? stored : undefined
}

/** Whether some release is known to write what this build cannot read. */
async function isAhead<Tx>(
  { stream, type, schemaVersion }: StoredEvent,
  { eventTypes, schemas }: JudgeOptions<Tx>,
): Promise<boolean> {
  if (eventTypes.has(type) && schemaVersion <= OWN_SCHEMA_VERSION) return false
  return (await schemas?.knows({ streamType: stream.type, type, schemaVersion })) === true
}

/** Of a topic whose store is out of reach, or that has none: its producer is believed. */
function trusted(
  record: LogRecord,
  own: TopicEvent | undefined,
  rules: TopicRules,
  failureClass: 'contract' | 'handler',
): Verdict {
  const claimed = own === undefined ? rules.claimed(record) : undefined
  const event = own ?? (claimed === undefined ? undefined : standInFor(record, claimed))
  if (event !== undefined) return { outcome: 'park', class: failureClass, event, read: { record, event } }
  const stream = claimed === undefined ? undefined : streamName(claimed.stream)
  return { outcome: 'park apart', class: failureClass, event: undefined, stream }
}

/** An event that cannot be read, as far as its stream goes on behind it. Nobody is given it. */
function standInFor(
  { timestamp }: LogRecord,
  { eventId, stream, version, type, storeId }: ClaimedRecord,
): TopicEvent | undefined {
  if (eventId === undefined || version === undefined || type === undefined || storeId === undefined)
    return undefined
  return {
    eventId,
    stream,
    version,
    type,
    storeId,
    schemaVersion: OWN_SCHEMA_VERSION,
    payload: '{}',
    metadata: { commandId: eventId, correlationId: eventId, causationId: eventId },
    occurredAt: timestamp,
    recordedAt: timestamp,
  }
}
