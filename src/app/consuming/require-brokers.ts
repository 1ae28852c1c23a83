import { ConfigurationError } from '../../core/errors/index.js'
import type { Settings } from '../settings.js'

/**
 * A service that only consumes has brokers to consume from.
 *
 * @throws {@link ConfigurationError} where none are named, or another log is
 */
export function requireBrokers({ log, kafka }: Pick<Settings, 'log' | 'kafka'>): void {
  if (kafka === undefined)
    throw new ConfigurationError(
      'KAFKA_BROKERS',
      'must be set to host:port of the brokers that have the topics it consumes: a service without a store has no ' +
        'Postgres log, whose topics are in the database of their producer',
    )
  if (log !== 'kafka')
    throw new ConfigurationError(
      'REPRISE_LOG',
      'must be kafka, or not be set: topics of a Postgres log are in the database of their producer',
    )
}
