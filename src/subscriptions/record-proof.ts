import { createHash } from 'node:crypto'
import type { LogRecord } from '../log/index.js'
import type { TopicRules } from './topic-rules.js'

/** Tells a record from any other that may be at its place when the topic was made anew, also one that is no event. */
export function proofOf(record: LogRecord, rules: TopicRules): string {
  try {
    return rules.proofOf(record)
  } catch {
    return digestOf(record)
  }
}

/** For records that need not have an id, or have one that is theirs alone. */
export function digestOf({ key, value, timestamp }: Pick<LogRecord, 'key' | 'value' | 'timestamp'>): string {
  const hash = createHash('sha256').update(`${timestamp.getTime()} ${Buffer.byteLength(key)} ${key}`)
  return `sha256:${hash.update(value ?? 'tombstone').digest('hex')}`
}

/** Where a record is, for those that have no id. */
export const placeOf = ({ topic, partition, offset }: Pick<LogRecord, 'topic' | 'partition' | 'offset'>) =>
  `${topic}/${partition}@${offset.toString()}`
