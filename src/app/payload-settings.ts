import { ConfigurationError } from '../core/errors/index.js'
import { type Environment, variable } from './setting-values.js'

/**
 * How much of what dead letters carry is shown to operators.
 *
 * - `none`: how many bytes it is
 * - `masked`: the names of JSON fields, without what is in them
 * - `limited`: the first bytes
 * - `full`
 */
export const PAYLOAD_LEVELS = ['none', 'masked', 'limited', 'full'] as const
export type PayloadLevel = (typeof PAYLOAD_LEVELS)[number]

/** @throws {@link ConfigurationError} for a level that there is not */
export function payloadLevel(environment: Environment): PayloadLevel {
  const named = variable(environment, 'REPRISE_DLQ_PAYLOADS')
  if (named === undefined) return environment['NODE_ENV'] === 'production' ? 'none' : 'full'
  const level = PAYLOAD_LEVELS.find((it) => it === named)
  if (level !== undefined) return level
  throw new ConfigurationError('REPRISE_DLQ_PAYLOADS', `must be one of ${PAYLOAD_LEVELS.join(', ')}`)
}
