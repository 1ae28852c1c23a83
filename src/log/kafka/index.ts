/** The log on a Kafka cluster, by way of kafkajs. */
export { type KafkaLogOptions, openKafkaLog } from './kafka-log.js'
