export { type Broker, type BrokerOptions, startBroker } from './broker.js'
export { type BrokerAvailability, brokerAvailable } from './broker-available.js'
export { BrokerUnavailable } from './broker-unavailable.js'
export { kafkaVersion } from './jars.js'
