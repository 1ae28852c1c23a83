import { ConfigurationError } from '../core/errors/index.js'

/** A span of time: milliseconds, or a number with a unit, `'500ms'`, `'2s'`, `'5m'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm'}`

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 }

/** @throws {@link ConfigurationError} for what is no span of time, or a negative one */
export function milliseconds(duration: Duration, setting: string): number {
  if (typeof duration === 'number' && duration >= 0) return duration
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(String(duration))
  const unit = UNITS[match?.[2] ?? '']
  if (match === null || unit === undefined) {
    throw new ConfigurationError(
      setting,
      `must be milliseconds or like '500ms', '2s', '5m', not ${JSON.stringify(duration)}`,
    )
  }
  return Number(match[1]) * unit
}
