/** One way in which a value does not fit. `path` is empty for the value as a whole; no value is ever shown. */
export interface Violation {
  readonly path: string
  readonly problem: string
}

export const noViolations: readonly Violation[] = Object.freeze([])

/**
 * The violations of a part, with paths from the whole that it is in. Paths are made here, and not on the way down, so
 * that values without violations cost none.
 */
export function within(path: string, violations: readonly Violation[]): readonly Violation[] {
  if (path === '' || violations.length === 0) return violations
  return violations.map((it) => ({ path: joined(path, it.path), problem: it.problem }))
}

function joined(outer: string, inner: string): string {
  return inner === '' || inner.startsWith('[') ? outer + inner : `${outer}.${inner}`
}
