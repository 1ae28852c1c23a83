import type { Violation } from '../fields/violation.js'
import { RepriseError } from './reprise-error.js'

/**
 * Values do not fit the fields they were given for. Names every violation with its path, and never a
 * value: it may be a secret.
 */
export class InvalidValue extends RepriseError {
  readonly violations: readonly Violation[]

  constructor(subject: string, violations: readonly Violation[]) {
    const list = violations
      .map(({ path, problem }) => (path === '' ? problem : `${path} ${problem}`))
      .join('; ')
    super('REPRISE_INVALID_VALUE', `invalid values for ${subject}: ${list}`, { subject, violations })
    this.violations = Object.freeze([...violations])
  }
}
