import type { StoredEvent } from '../core/envelope.js'

/** On its way into a topic. Records of one key reach one partition, in the order in which they are published. */
export type OutgoingRecord = OutgoingEvent | OutgoingContent

/** An event, which the log writes as its encoding says, or points at. */
export interface OutgoingEvent {
  readonly topic: string
  readonly key: string
  readonly event: StoredEvent
}

/** A record that is no event of the store: it comes as it is to be read. */
export interface OutgoingContent extends RecordContent {
  readonly topic: string
  readonly key: string
}

/** What a record holds beside its key. */
export interface RecordContent {
  readonly headers: Readonly<Record<string, string>>
  readonly value: Uint8Array | null
  readonly timestamp: Date
}

/** A record as a topic holds it. `offset` is its place in the partition; where the log has no gaps, a record is at every offset. */
export interface LogRecord extends RecordContent {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly key: string
  /** `null` is a tombstone, which no topic of events carries. */
  readonly value: Uint8Array | null
  /** When the event was recorded in the store, never when it occurred: brokers expire and refuse records by it. */
  readonly timestamp: Date
  /**
   * Where the log goes on behind it. Where somebody writes in transactions, their ends take offsets and hold no record.
   * @defaultValue the next offset
   */
  readonly next?: bigint
}

/** The offset at which the log goes on behind a record. */
export const nextAfter = ({ offset, next }: Pick<LogRecord, 'offset' | 'next'>): bigint => next ?? offset + 1n
