import type { EventEncoding } from '../core/event-encoding.js'
import { ConfigurationError } from '../core/errors/index.js'
import { type Failpoints, noFailpoints } from '../core/ports/failpoints.js'
import type { Logger } from '../core/ports/logger.js'
import type { Log } from '../log/index.js'
import type { Notifications } from '../postgres/notifications.js'
import type { Databases } from './postgres/databases.js'
import type { Settings } from './settings.js'

/** Opens the log that the settings name. Only Kafka loads a broker's client. */
export async function openLog(
  settings: Settings,
  { store, read, schemas }: Databases,
  encoding: EventEncoding,
  notifications: Notifications,
  logger: Logger,
  failpoints: Failpoints = noFailpoints,
): Promise<Log> {
  if (settings.log === 'kafka') return openKafka(settings, encoding, logger)
  const { PostgresLog } = await import('../log/postgres/index.js')
  return new PostgresLog({
    pool: store,
    store: schemas.store,
    leasePool: read,
    read: schemas.read,
    encoding,
    notifications,
    logger,
    failpoints,
  })
}

/** Opens the cluster that the settings name. */
export async function openKafka({ kafka }: Settings, encoding: EventEncoding, logger: Logger): Promise<Log> {
  if (kafka === undefined) throw new ConfigurationError('KAFKA_BROKERS', 'must be set to host:port')
  const { openKafkaLog } = await import('../log/kafka/index.js').catch((error: unknown) => {
    throw new ConfigurationError('KAFKA_BROKERS', 'needs the client of Kafka: npm install kafkajs', error)
  })
  return openKafkaLog({ settings: kafka, encoding, logger })
}
