// Reprise on Kafka: the log itself, for tools and tests. An app needs none of this: it takes KAFKA_BROKERS.
export { openKafkaLog } from './log/kafka/index.js'
export type { KafkaLogOptions } from './log/kafka/index.js'
export type { KafkaSettings, SaslMechanism } from './kafka/index.js'
export { LaneDeclined, partitionOf, RecordsRefused, TopicsUnavailable } from './log/index.js'
export type {
  Lane,
  LaneConsumer,
  Log,
  LogKind,
  LogPublisher,
  LogRecord,
  LogSubscription,
  OutgoingContent,
  OutgoingEvent,
  OutgoingRecord,
  PartitionOffsets,
  RecordContent,
  Refusal,
  SubscribeOptions,
  Topics,
  TopicSettings,
  TopicSpec,
} from './log/index.js'

// How events are written into records and read back.
export { jsonEncoding } from './contracts/index.js'
export type { JsonEncodingOptions } from './contracts/index.js'
export type { ClaimedEvent, EncodedEvent, EventEncoding, ReceivedEvent } from './core/event-encoding.js'
