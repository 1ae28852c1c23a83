import { type Duration, durationOf } from '../core/duration.js'
import { ConfigurationError } from '../core/errors/index.js'

export type { Duration } from '../core/duration.js'

/** @throws {@link ConfigurationError} for what is no span of time, or a negative one */
export function milliseconds(duration: Duration, setting: string): number {
  const known = durationOf(duration)
  if (known !== undefined) return known
  throw new ConfigurationError(
    setting,
    `must be milliseconds or like '500ms', '2s', '5m', '12h', '7d', not ${JSON.stringify(duration)}`,
  )
}
