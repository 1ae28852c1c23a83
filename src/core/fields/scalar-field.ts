import type { Field } from './field.js'
import { noViolations } from './violation.js'

/** What makes one kind of single value differ from another. */
interface Scalar<T> extends Pick<Field<T>, 'kind' | 'initial' | 'values' | 'precision' | 'scale' | 'toJson'> {
  readonly faults?: readonly string[]
  /** Why `value` does not fit, or undefined if it does. */
  readonly problemOf: (value: unknown) => string | undefined
  readonly copy?: (value: T) => T
  readonly fromJson?: (json: unknown) => unknown
}

/** Makes a field of one value. An initial value that does not fit is a fault of the definition. */
export function scalarField<T>(scalar: Scalar<T>): Field<T> {
  const { initial, problemOf, faults = [], copy = same, fromJson = same, ...others } = scalar
  const initialProblem = initial === undefined ? undefined : problemOf(initial)
  return Object.freeze<Field<T>>({
    ...others,
    optional: false,
    initial: initial === undefined || initialProblem !== undefined ? initial : copy(initial),
    depth: 0,
    faults: initialProblem === undefined ? faults : [...faults, `its initial value ${initialProblem}`],
    check(value: unknown, path: string) {
      const problem = problemOf(value)
      return problem === undefined ? noViolations : [{ path, problem }]
    },
    copy,
    fromJson,
  })
}

function same<T>(value: T): T {
  return value
}
