import { ConfigurationError } from '../../core/errors/index.js'
import { type Environment, variable, wholeNumber } from '../setting-values.js'
import type { StartOptions } from '../settings.js'

/** Where health is told, and what counts as none. */
export interface HealthSettings {
  /** Undefined: by `app.health()` alone. */
  readonly port: number | undefined
  readonly host: string
  /** Milliseconds without progress after which work that is there is stalled. */
  readonly stallAfter: number
}

const LARGEST_PORT = 65_535
const SHORTEST_STALL = 1_000

/** @throws {@link ConfigurationError} for what is no port, or too short a time */
export function healthSettings(
  { healthPort, healthHost, stallAfter }: StartOptions,
  environment: Environment,
): HealthSettings {
  const port = wholeNumber('REPRISE_HEALTH_PORT', healthPort, environment, 0)
  if (port !== undefined && port > LARGEST_PORT)
    throw new ConfigurationError('REPRISE_HEALTH_PORT', `must be a port, at most ${LARGEST_PORT}`)
  return {
    port,
    host: healthHost ?? variable(environment, 'REPRISE_HEALTH_HOST') ?? '127.0.0.1',
    stallAfter: wholeNumber('REPRISE_STALL_AFTER_MS', stallAfter, environment, SHORTEST_STALL) ?? 30_000,
  }
}
