import type { LaneConsumer } from './lane-consumer.js'
import type { LogRecord, OutgoingRecord } from './log-record.js'
import type { Topics } from './topics.js'

export const LOG_KINDS = ['postgres', 'kafka'] as const
/** What may carry the records: topics in Postgres itself, or a Kafka cluster. */
export type LogKind = (typeof LOG_KINDS)[number]

/** Writes records into topics. One batch at a time. */
export interface LogPublisher {
  /**
   * Resolves when every record is durable in its topic. Records of one key are in their partition in the order given.
   * On rejection any prefix of any partition may have been written: publish the same records again, which can leave
   * duplicates behind but neither loses nor reorders first copies. Must not be called again before it has settled.
   *
   * @throws {@link LogUnavailable} when the log does not answer, {@link TopicsUnavailable} for topics that take nothing now,
   * such as one that nobody has created, {@link RecordsRefused} for records that the log would never take. The latter two tell
   * which others it took, each reason once it stands alone
   */
  publish(records: readonly OutgoingRecord[]): Promise<void>

  /**
   * Waits for a publish under way, then lets its connections go.
   *
   * @throws nothing: what becomes of that publish, its own promise says
   */
  close(): Promise<void>
}

/** As whom to read which topics, and what to do with their records. */
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
  /**
   * Waits for batches under way, gives every partition back, and leaves the group. Safe to call twice.
   *
   * @throws nothing: what cannot be given back in time goes to other members when the lease is over
   */
  stop(): Promise<void>
}

/** Topics that keep records by partition and offset, behind one interface for Postgres and Kafka. */
export interface Log {
  readonly kind: LogKind

  /** `postgres`, or `kafka:<cluster id>`: what the store remembers, so that it never publishes into a stranger's log. */
  readonly identity: string

  /**
   * Whether there may be offsets that hold no record, and never did as far as readers can tell. Whoever may write to a Kafka
   * topic may do so in transactions: their ends take offsets, and so does what they abort.
   */
  readonly gaps: boolean

  readonly topics: Topics

  /** A publisher of one's own, to be closed when it is no longer needed. Connects when it first publishes. */
  publisher(): LogPublisher

  /**
   * Joins the group and begins to deliver.
   *
   * @throws {@link TopicMissing} for a topic that does not exist, {@link ConfigurationError} for a lease that the brokers
   * do not allow, {@link LogUnavailable} when the log does not answer
   */
  subscribe(options: SubscribeOptions): Promise<LogSubscription>

  /**
   * Some record that the topic holds now, or nothing when it is empty: enough to see which store wrote it.
   *
   * @throws {@link TopicMissing} for a topic that does not exist, {@link LogUnavailable} when the log does not answer
   */
  sample(topic: string): Promise<LogRecord | undefined>

  /**
   * Lets its own connections go. Publishers and subscriptions are ended by whoever made them, before.
   *
   * @throws nothing
   */
  close(): Promise<void>
}
