import type { LogRecord } from '../log/index.js'
import { eventIn } from './event-address.js'
import { isGiven, type Subscriber } from './subscriber.js'
import type { TopicRules } from './topic-rules.js'

type GivenOnes = Pick<Subscriber<never>, 'handles' | 'wants' | 'oneAtATime'>

/**
 * The first of the records that may share a transaction: all, or, where the subscriber is given one event at a time, those
 * before the first event that it is given, and that one alone.
 */
export function inOneTransaction(
  records: readonly LogRecord[],
  subscriber: GivenOnes,
  rules: TopicRules,
): readonly LogRecord[] {
  if (subscriber.oneAtATime !== true) return records
  const given = firstGiven(records, subscriber, rules)
  return given < 0 ? records : records.slice(0, Math.max(1, given))
}

/**
 * At most how many of the records a transaction shared that began with the first of them, and ended its process: all, or,
 * where the subscriber is given one event at a time, those up to the first event that it is given.
 */
export function mostInOneTransaction(
  records: readonly LogRecord[],
  subscriber: GivenOnes,
  rules: TopicRules,
): number {
  if (subscriber.oneAtATime !== true) return Infinity
  const given = firstGiven(records, subscriber, rules)
  return given < 0 ? Infinity : given + 1
}

const firstGiven = (records: readonly LogRecord[], subscriber: GivenOnes, rules: TopicRules): number =>
  records.findIndex((record) => {
    const event = eventIn(record, rules)
    return event !== undefined && isGiven(subscriber, event)
  })
