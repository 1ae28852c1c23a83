import type { Pool } from 'pg'
import { TopicMissing } from '../../core/errors/index.js'
import type { EventEncoding } from '../../core/event-encoding.js'
import { type Failpoints, noFailpoints } from '../../core/ports/failpoints.js'
import type { Logger } from '../../core/ports/logger.js'
import type { Notifications } from '../../postgres/notifications.js'
import type { LogRecord } from '../log-record.js'
import type { Log, LogPublisher, LogSubscription, SubscribeOptions } from '../log.js'
import { PostgresPublisher } from './publisher.js'
import { RecordReader } from './record-reader.js'
import { PostgresSubscription } from './subscription.js'
import { PostgresTopics } from './topics.js'

export interface PostgresLogOptions {
  /** Connections to the store, which holds the topics. */
  readonly pool: Pool
  readonly store: string
  /** Connections to the read side, which holds the leases on partitions. */
  readonly leasePool: Pool
  readonly read: string
  readonly encoding: EventEncoding
  readonly notifications: Notifications
  readonly logger: Logger
  /** Milliseconds between looks at idle topics, for when a wake-up call was lost. @defaultValue 1000 */
  readonly pollInterval?: number
  /** @defaultValue every step goes on */
  readonly failpoints?: Failpoints
}

/** Topics in the store's own database. A record points at its event; the same transaction can write both sides of it. */
export class PostgresLog implements Log {
  readonly kind = 'postgres'
  readonly identity = 'postgres'
  /** The relay counts the offsets of a partition in the transaction that writes their records. */
  readonly gaps = false
  readonly topics: PostgresTopics
  readonly #options: PostgresLogOptions
  readonly #reader: RecordReader
  readonly #channel: string
  readonly #partitionCounts = new Map<string, number>()

  constructor(options: PostgresLogOptions) {
    this.#options = options
    this.#channel = `${options.store}_log`
    this.topics = new PostgresTopics(options.pool, options.store)
    this.#reader = new RecordReader(options.pool, options.store, options.encoding)
  }

  publisher(): LogPublisher {
    return new PostgresPublisher(this.#options.pool, this.#options.store, this)
  }

  async subscribe(options: SubscribeOptions): Promise<LogSubscription> {
    const partitions = await this.partitionCounts(options.topics)
    const missing = options.topics.find((topic) => !partitions.has(topic))
    if (missing !== undefined) throw new TopicMissing(missing)
    const { leasePool, read, notifications, logger, pollInterval, failpoints = noFailpoints } = this.#options
    const subscription = new PostgresSubscription({
      ...options,
      partitions,
      topicAdmin: { offsets: (topic) => this.topics.look(topic) },
      reader: this.#reader,
      leasePool,
      read,
      logger,
      pollInterval: pollInterval ?? 1_000,
      failpoints,
    })
    const unlisten = await notifications.listen(this.#channel, () => subscription.wake())
    const stop = (): Promise<void> => {
      unlisten()
      return subscription.stop()
    }
    try {
      await subscription.start()
    } catch (error) {
      await stop()
      throw error
    }
    return { stop }
  }

  async sample(topic: string): Promise<LogRecord | undefined> {
    for (const { partition, earliest, end } of await this.topics.offsets(topic)) {
      if (end > earliest) return (await this.#reader.read({ topic, partition }, end - 1n, 1))[0]
    }
    return undefined
  }

  /** Wakes the readers of this log, here and in other processes, after something was placed and committed. */
  announce(): void {
    this.#options.notifications.notify(this.#channel)
  }

  /** Of the topics that exist. They never change while a topic does, so they are read once. */
  async partitionCounts(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const unknown = [...new Set(topics)].filter((topic) => !this.#partitionCounts.has(topic))
    if (unknown.length > 0) {
      const found = await this.topics.describe(unknown)
      found.forEach(({ name, partitions }) => this.#partitionCounts.set(name, partitions))
    }
    return this.#partitionCounts
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
