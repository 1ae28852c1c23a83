// A CommonJS module of which Node sees only some names.
import kafkajs, { type Kafka, type KafkaConfig } from 'kafkajs'
import type { Logger } from '../core/ports/logger.js'
import { logsTo } from './logs.js'
import type { KafkaSettings } from './settings.js'

const CONNECTION_TIMEOUT = 3_000

/** Milliseconds that a broker has to answer a request. */
export const REQUEST_TIMEOUT = 5_000

/** How often connecting and looking up are tried again inside the client, waiting 0.1 s at first and 1 s at most. */
export interface ClientOptions {
  readonly retries: number
}

/** Makes a client per purpose: those of one `Kafka` share what they know of group offsets, and of nothing we trust. */
export type KafkaClients = (options: ClientOptions) => Kafka

/** Connects to nothing yet. */
export function kafkaClients(settings: KafkaSettings, logger: Logger): KafkaClients {
  // One for all of them: a client that is thrown away is followed by one that says the same.
  const logCreator = logsTo(logger)
  return ({ retries }) =>
    new kafkajs.Kafka({
      brokers: [...settings.brokers],
      clientId: settings.clientId,
      connectionTimeout: CONNECTION_TIMEOUT,
      authenticationTimeout: REQUEST_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      retry: { retries, initialRetryTime: 100, maxRetryTime: 1_000 },
      logLevel: kafkajs.logLevel.INFO,
      logCreator,
      ...encryption(settings),
      ...authentication(settings),
    })
}

function encryption({ ssl }: KafkaSettings): Pick<KafkaConfig, 'ssl'> {
  if (ssl === undefined || ssl === false) return {}
  // Said outright, so that no environment variable can turn the verification off.
  return { ssl: { rejectUnauthorized: true, ...(ssl === true ? {} : { ca: ssl.ca }) } }
}

function authentication({ sasl }: KafkaSettings): Pick<KafkaConfig, 'sasl'> {
  if (sasl === undefined) return {}
  const { username, password } = sasl
  switch (sasl.mechanism) {
    case 'plain':
      return { sasl: { mechanism: 'plain', username, password } }
    case 'scram-sha-256':
      return { sasl: { mechanism: 'scram-sha-256', username, password } }
    case 'scram-sha-512':
      return { sasl: { mechanism: 'scram-sha-512', username, password } }
  }
}
