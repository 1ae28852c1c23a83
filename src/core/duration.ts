/** A span of time: milliseconds, or a number with a unit, `'500ms'`, `'2s'`, `'5m'`, `'12h'`, `'7d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** The milliseconds of a span of time, or undefined for what is none, or a negative one. */
export function durationOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value >= 0 ? value : undefined
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(String(value))
  const unit = UNITS[match?.[2] ?? '']
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit
}
