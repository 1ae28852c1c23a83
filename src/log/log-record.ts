import type { StoredEvent } from '../core/envelope.js'

/** An event on its way into a topic. Records of one key reach one partition, in the order in which they are published. */
export interface OutgoingRecord {
  readonly topic: string
  readonly key: string
  readonly event: StoredEvent
}

/** A record as a topic holds it. `offset` is its place in the partition; a topic of events has no gaps between offsets. */
export interface LogRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
  /** `null` is a tombstone, which no topic of events carries. */
  readonly value: Uint8Array | null
  /** When the event was recorded in the store, never when it occurred: brokers expire and refuse records by it. */
  readonly timestamp: Date
}
