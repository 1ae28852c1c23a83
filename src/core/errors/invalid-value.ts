import type { Violation } from '../fields/violation.js'
import { RepriseError } from './reprise-error.js'

/** The message names no more: an array may have as many violations as elements. */
const shownViolations = 50

/**
 * Values do not fit the fields they were given for. Names every violation with its path, and never a
 * value: it may be a secret.
 */
export class InvalidValue extends RepriseError {
  readonly violations: readonly Violation[]

  constructor(subject: string, violations: readonly Violation[]) {
    const list = violations
      .slice(0, shownViolations)
      .map(({ path, problem }) => (path === '' ? problem : `${path} ${problem}`))
      .join('; ')
    const hidden = violations.length - shownViolations
    const more = hidden > 0 ? `; and ${hidden} more` : ''
    super('REPRISE_INVALID_VALUE', `invalid values for ${subject}: ${list}${more}`, { subject, violations })
    this.violations = Object.freeze([...violations])
  }
}
