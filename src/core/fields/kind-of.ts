const builtIn = [
  [Date, 'a Date'],
  [Map, 'a Map'],
  [Set, 'a Set'],
  [Promise, 'a Promise'],
  [Uint8Array, 'a Uint8Array'],
] as const

/** Says what kind of thing a value is, without showing it: `null`, `an array`, `a number`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  if (value instanceof Date && Number.isNaN(value.getTime())) return 'an invalid Date'
  if (typeof value !== 'object') return `a ${typeof value}`
  return builtIn.find(([type]) => value instanceof type)?.[1] ?? 'an object'
}

/** Whether `value` holds values by name. A Map or a Date does not: read as a record, it would be an empty one. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return !builtIn.some(([type]) => value instanceof type)
}
