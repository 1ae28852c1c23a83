/** Topics: keyed records by partition and offset, behind one port for Postgres and Kafka. */
export { LOG_KINDS } from './log.js'
export type { Log, LogKind, LogPublisher, LogSubscription, SubscribeOptions } from './log.js'
export type { LogRecord, OutgoingRecord } from './log-record.js'
export { laneName } from './lane-consumer.js'
export type { Lane, LaneConsumer } from './lane-consumer.js'
export { lagOf } from './topics.js'
export type { PartitionOffsets, Topics, TopicSpec } from './topics.js'
export { keyHash, partitionOf } from './partitioner.js'
