import { ConfigurationError } from '../core/errors/index.js'
import { type KafkaSettings, SASL_MECHANISMS } from '../kafka/settings.js'
import { LOG_KINDS, type LogKind } from '../log/log.js'
import { type Environment, flag, listOf, variable } from './setting-values.js'
import type { StartOptions } from './settings.js'

/** @throws {@link ConfigurationError} where none is named in production, or one that there is not */
export function logKind(
  options: StartOptions,
  environment: Environment,
  kafka: KafkaSettings | undefined,
  production: boolean,
): LogKind {
  const named = options.log ?? variable(environment, 'REPRISE_LOG')
  if (named === undefined) {
    if (production) {
      throw new ConfigurationError(
        'REPRISE_LOG',
        'must be set to postgres or kafka in production, where no log is taken by default',
      )
    }
    return kafka === undefined ? 'postgres' : 'kafka'
  }
  const kind = LOG_KINDS.find((it) => it === named)
  if (kind === undefined) throw new ConfigurationError('REPRISE_LOG', 'must be postgres or kafka')
  if (kind === 'kafka' && kafka === undefined) {
    throw new ConfigurationError('KAFKA_BROKERS', 'must be set to host:port, since REPRISE_LOG is kafka')
  }
  return kind
}

/** @throws {@link ConfigurationError} for an address or a mechanism that cannot be used */
export function kafkaSettings(
  app: string,
  options: StartOptions,
  environment: Environment,
): KafkaSettings | undefined {
  if (options.kafka !== undefined) return { clientId: app, ...options.kafka }
  const brokers = listOf(environment.KAFKA_BROKERS ?? '')
  if (brokers.length === 0) return undefined
  const odd = brokers.find((broker) => !/^[^\s:]+:\d+$/.test(broker) && !/^\[[^\]]+\]:\d+$/.test(broker))
  if (odd !== undefined)
    throw new ConfigurationError(
      'KAFKA_BROKERS',
      `must be a list of host:port, but has ${JSON.stringify(odd)}`,
    )
  const sasl = saslSettings(environment)
  return {
    brokers,
    clientId: variable(environment, 'KAFKA_CLIENT_ID') ?? app,
    ssl: flag(environment, 'KAFKA_SSL') ?? false,
    ...(sasl === undefined ? {} : { sasl }),
  }
}

function saslSettings(environment: Environment): KafkaSettings['sasl'] {
  const named = variable(environment, 'KAFKA_SASL_MECHANISM')
  if (named === undefined) return undefined
  const mechanism = SASL_MECHANISMS.find((it) => it === named.toLowerCase())
  if (mechanism === undefined)
    throw new ConfigurationError('KAFKA_SASL_MECHANISM', `must be one of ${SASL_MECHANISMS.join(', ')}`)
  const { KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = environment
  if (username === undefined)
    throw new ConfigurationError('KAFKA_SASL_USERNAME', `must be set for ${mechanism}`)
  if (password === undefined)
    throw new ConfigurationError('KAFKA_SASL_PASSWORD', `must be set for ${mechanism}`)
  return { mechanism, username, password }
}
