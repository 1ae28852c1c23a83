/** Connections to Kafka: settings, clients, and their failures in our words. */
export { type ClientOptions, type KafkaClients, kafkaClients, REQUEST_TIMEOUT } from './client.js'
export { asRepriseError, brokerErrorOf } from './failure.js'
export { clusterName, type KafkaSettings, SASL_MECHANISMS, type SaslMechanism } from './settings.js'
