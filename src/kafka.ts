// Reprise on Kafka: the log itself, for tools and tests. An app needs none of this: it takes KAFKA_BROKERS.
export { openKafkaLog } from './log/kafka/index.js'
export type { KafkaLogOptions } from './log/kafka/index.js'
export type { KafkaSettings, SaslMechanism } from './kafka/index.js'
export { partitionOf } from './log/index.js'
export type {
  Log,
  LogPublisher,
  LogRecord,
  LogSubscription,
  OutgoingRecord,
  SubscribeOptions,
} from './log/index.js'
