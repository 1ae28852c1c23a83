import { destination, pino } from 'pino'
import type { Logger } from '../core/ports/logger.js'

/** Facts of these names are never shown, wherever they are nested. */
const ALWAYS_SECRET = [
  'password',
  'passwd',
  'secret',
  'token',
  'authorization',
  'apikey',
  'sasl',
  'ca',
  'databaseurl',
]
const MASK = '[masked]'
const DEEPEST = 6

/** Writes one JSON object per line on standard error, so that standard output stays free for data. */
export function createLogger(level: string, sensitive: readonly string[]): Logger {
  const hidden = new Set([...ALWAYS_SECRET, ...sensitive.map((name) => name.toLowerCase())])
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { log: (facts) => masked(facts, hidden) },
    },
    destination({ fd: 2, sync: true }),
  )
}

/** A copy of the facts in which what must not be shown is replaced, and every bigint is text. */
export function masked(facts: object, hidden: ReadonlySet<string>, depth = 0): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      name,
      hidden.has(name.toLowerCase()) ? MASK : maskedValue(value, hidden, depth + 1),
    ]),
  )
}

function maskedValue(value: unknown, hidden: ReadonlySet<string>, depth: number): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'string') return withoutCredentials(value)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (depth > DEEPEST) return '…'
  if (Array.isArray(value)) return value.map((it: unknown) => maskedValue(it, hidden, depth + 1))
  return masked(value, hidden, depth)
}

/** A URL that opens something says what it opens, not with what. */
export function withoutCredentials(text: string): string {
  return text.replaceAll(/(\w+:\/\/[^\s:/@]+):[^\s@]+@/g, `$1:${MASK}@`)
}
