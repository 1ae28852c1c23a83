import type { EventFact, RecordFact } from '../facts.js'

/**
 * - `event`: published for a committed event, with its id, its place in the stream and its very bytes
 * - `planted`: put there by the harness, which said so; it may look like an event's
 * - `stranger`: neither
 */
export type RecordKind = 'event' | 'planted' | 'stranger'

export const isDeadLetterTopic = (topic: string): boolean => topic.endsWith('.DLT')

/** `topic/partition@offset`, the form in which discards name a record. */
export const placeOf = ({
  topic,
  partition,
  offset,
}: Pick<RecordFact, 'topic' | 'partition' | 'offset'>): string => `${topic}/${partition}@${offset}`

/** Everything that its writer chose. */
export const contentOf = ({
  topic,
  key,
  headers,
  value,
}: Pick<RecordFact, 'topic' | 'key' | 'headers' | 'value'>): string =>
  JSON.stringify([topic, key, Object.entries(headers).toSorted(([a], [b]) => (a < b ? -1 : 1)), value])

export function kindOf(
  record: RecordFact,
  events: ReadonlyMap<string, EventFact>,
  planted: ReadonlySet<string>,
): RecordKind {
  if (planted.size > 0 && planted.has(contentOf(record))) return 'planted'
  if (isDeadLetterTopic(record.topic)) return 'stranger'
  return isOf(events.get(record.headers['ce_id'] ?? ''), record) ? 'event' : 'stranger'
}

/** Whether the record says exactly what the event does. */
export function isOf(event: EventFact | undefined, { key, headers, value }: RecordFact): boolean {
  return (
    event !== undefined &&
    value !== null &&
    key === event.streamId &&
    headers['ce_id'] === event.eventId &&
    headers['ce_type'] === event.type &&
    headers['ce_subject'] === event.streamId &&
    streamTypeIn(headers) === event.streamType &&
    Number(headers['ce_sequence']) === event.version &&
    Buffer.from(value, 'base64').toString('utf8') === event.payload
  )
}

/** `account` of the source `/bank/account`. */
export const streamTypeIn = (headers: RecordFact['headers']): string | undefined => {
  const type = headers['ce_source']?.split('/').at(-1)
  return type === undefined ? undefined : decoded(type)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
