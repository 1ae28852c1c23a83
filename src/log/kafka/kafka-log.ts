import { TopicMissing } from '../../core/errors/index.js'
import type { EventEncoding } from '../../core/event-encoding.js'
import type { Logger } from '../../core/ports/logger.js'
import { type KafkaClients, kafkaClients, type KafkaSettings } from '../../kafka/index.js'
import type { LogRecord } from '../log-record.js'
import type { Log, LogPublisher, LogSubscription, SubscribeOptions } from '../log.js'
import { AdminConnection } from './admin-connection.js'
import { refuseImpossibleLease } from './lease-limits.js'
import { KafkaPublisher } from './publisher.js'
import { readOne } from './sample.js'
import { KafkaSubscription } from './subscription.js'
import { BROKERS_DEFAULT, KafkaTopics } from './topics.js'

/** Which cluster it is, and how events are written into its records. */
export interface KafkaLogOptions {
  readonly settings: KafkaSettings
  readonly encoding: EventEncoding
  readonly logger: Logger
  /** Copies of each partition of the topics that {@link Topics.create} makes. @defaultValue what the brokers are configured for */
  readonly replicationFactor?: number
}

const DEFAULT_LEASE = 15_000
const DEFAULT_BATCH_SIZE = 1_000

/**
 * Connects to a Kafka cluster as the log.
 *
 * @throws {@link LogUnavailable} when no broker can be reached or the credentials are refused; later on, its methods throw a
 * {@link RepriseError} with the code `REPRISE_LOG_MISMATCH` when another cluster answers at its addresses
 *
 * @example
 * const log = await openKafkaLog({
 *   settings: { brokers: ['localhost:9092'], clientId: 'topic-check' },
 *   encoding: jsonEncoding({ service: 'banking', storeId }),
 *   logger,
 * })
 * const [first] = await log.topics.offsets('banking.account')
 * await log.close()
 */
export async function openKafkaLog(options: KafkaLogOptions): Promise<Log> {
  const clients = kafkaClients(options.settings, options.logger)
  const connection = new AdminConnection(options.settings, clients)
  try {
    return new KafkaLog(await connection.identity(), connection, clients, options)
  } catch (error) {
    await connection.close()
    throw error
  }
}

class KafkaLog implements Log {
  readonly kind = 'kafka'
  readonly gaps = true
  readonly identity: string
  readonly topics: KafkaTopics
  readonly #connection: AdminConnection
  readonly #clients: KafkaClients
  readonly #options: KafkaLogOptions

  constructor(
    identity: string,
    connection: AdminConnection,
    clients: KafkaClients,
    options: KafkaLogOptions,
  ) {
    this.identity = identity
    this.topics = new KafkaTopics(connection, options.replicationFactor ?? BROKERS_DEFAULT)
    this.#connection = connection
    this.#clients = clients
    this.#options = options
  }

  publisher(): LogPublisher {
    const { settings, encoding } = this.#options
    return new KafkaPublisher({ settings, clients: this.#clients, topics: this.topics, encoding })
  }

  async subscribe(options: SubscribeOptions): Promise<LogSubscription> {
    const { settings, logger } = this.#options
    const { lease = DEFAULT_LEASE, batchSize = DEFAULT_BATCH_SIZE } = options
    const partitions = await this.#partitionsOf(options.topics)
    await refuseImpossibleLease(this.#connection, lease, logger)
    return new KafkaSubscription({
      ...options,
      settings,
      clients: this.#clients,
      logger,
      lease,
      batchSize,
      partitions,
      connection: this.#connection,
      topicAdmin: this.topics,
    })
  }

  async sample(topic: string): Promise<LogRecord | undefined> {
    const offsets = await this.topics.offsets(topic)
    if (offsets.every(({ earliest, end }) => earliest === end)) return undefined
    return readOne(this.#clients, this.#connection, topic)
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  async #partitionsOf(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const found = await this.topics.describe(topics)
    return new Map(
      topics.map((topic) => {
        const spec = found.get(topic)
        if (spec === undefined) throw new TopicMissing(topic)
        return [topic, spec.partitions]
      }),
    )
  }
}
