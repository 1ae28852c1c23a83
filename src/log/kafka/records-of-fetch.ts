import type { KafkaMessage } from 'kafkajs'
import type { Lane } from '../lane-consumer.js'
import type { LogRecord } from '../log-record.js'
import { recordOf } from './records.js'

/** Steers what the client fetches. */
export interface FetchControl {
  pause(lanes: readonly Lane[]): void
  resume(lane: Lane): void
  seek(lane: Lane, offset: bigint): void
}

/**
 * What one fetch of a lane brought. The client keeps to itself the ends of transactions, and what was aborted: they may be
 * before, between and behind the messages, or all that there was.
 */
export interface FetchedMessages {
  readonly messages: readonly KafkaMessage[]
  /** Where the fetch began. */
  readonly from: bigint
  /** Where it ended. */
  readonly next: bigint
}

/** The records of a fetch, the last of which knows where it ended. */
export function recordsOf(lane: Lane, { messages, next }: FetchedMessages): readonly LogRecord[] {
  const records = messages.map((message) => recordOf(lane, message))
  const last = records.at(-1)
  return last === undefined || next <= last.offset + 1n
    ? records
    : [...records.slice(0, -1), { ...last, next }]
}
