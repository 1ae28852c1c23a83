/** Topics: keyed records by partition and offset, behind one port for Postgres and Kafka. */
export { LOG_KINDS } from './log.js'
export type { Log, LogKind, LogPublisher, LogSubscription, SubscribeOptions } from './log.js'
export { nextAfter } from './log-record.js'
export type {
  LogRecord,
  OutgoingContent,
  OutgoingEvent,
  OutgoingRecord,
  RecordContent,
} from './log-record.js'
export { EVENT_MISSING, type Refusal, RecordsRefused } from './records-refused.js'
export { TopicsUnavailable } from './topics-unavailable.js'
export { LaneDeclined, laneName } from './lane-consumer.js'
export type { Lane, LaneConsumer } from './lane-consumer.js'
export { lagOf } from './topics.js'
export type { PartitionOffsets, Topics, TopicSettings, TopicSpec } from './topics.js'
export { keyHash, partitionOf } from './partitioner.js'
export { slotOf, SLOTS } from './slots.js'
