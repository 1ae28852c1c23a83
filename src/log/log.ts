import type { LaneConsumer } from './lane-consumer.js'
import type { LogRecord, OutgoingRecord } from './log-record.js'
import type { Topics } from './topics.js'

/** What may carry the records: topics in Postgres itself, or a Kafka cluster. */
export const LOG_KINDS = ['postgres', 'kafka'] as const
export type LogKind = (typeof LOG_KINDS)[number]

export interface LogPublisher {
  /**
   * Resolves when every record is durable in its topic. Records of one key are in their partition in the order given.
   * On rejection any prefix of any partition may have been written: publish the same records again, which can leave
   * duplicates behind but neither loses nor reorders first copies. Must not be called again before it has settled.
   */
  publish(records: readonly OutgoingRecord[]): Promise<void>

  /** Waits for a publish under way, then lets its connections go. */
  close(): Promise<void>
}

export interface SubscribeOptions {
  /** Members of one group share the partitions: each has one owner at a time. */
  readonly group: string
  readonly topics: readonly string[]
  readonly consumer: LaneConsumer
  /** Milliseconds after which a silent member's partitions go to another. @defaultValue 15000 */
  readonly lease?: number
  /** Records per batch at the most. @defaultValue 1000 */
  readonly batchSize?: number
}

/** A member of a group. It lives until it is stopped; lost connections are made again. */
export interface LogSubscription {
  /** Waits for batches under way, gives every partition back, and leaves the group. Safe to call twice. */
  stop(): Promise<void>
}

/** Topics that keep records by partition and offset, behind one interface for Postgres and Kafka. */
export interface Log {
  readonly kind: LogKind

  /** `postgres`, or `kafka:<cluster id>`: what the store remembers, so that it never publishes into a stranger's log. */
  readonly identity: string

  readonly topics: Topics

  publisher(): LogPublisher

  /** Joins the group and begins to deliver. A topic that does not exist is a {@link TopicMissing}. */
  subscribe(options: SubscribeOptions): Promise<LogSubscription>

  /** Some record that the topic holds now, or nothing when it is empty: enough to see which store wrote it. */
  sample(topic: string): Promise<LogRecord | undefined>

  close(): Promise<void>
}
