/** One way in which a value does not fit. `path` is empty for the value as a whole; no value is ever shown. */
export interface Violation {
  readonly path: string
  readonly problem: string
}

export const noViolations: readonly Violation[] = Object.freeze([])

/** Says what kind of thing a value is, without showing it: `null`, `an array`, `a number`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : 'a Date'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
