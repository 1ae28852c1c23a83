import type { KafkaMessage } from 'kafkajs'
import type { Lane } from '../lane-consumer.js'
import type { LogRecord } from '../log-record.js'
import { recordOf } from './records.js'

/**
 * The records of a fetch that ended at `next`. Behind the last one it may have held what the client keeps to itself: the
 * ends of transactions.
 */
export function recordsOf(lane: Lane, messages: readonly KafkaMessage[], next: bigint): readonly LogRecord[] {
  const records = messages.map((message) => recordOf(lane, message))
  const last = records.at(-1)
  return last === undefined || next <= last.offset + 1n
    ? records
    : [...records.slice(0, -1), { ...last, next }]
}
