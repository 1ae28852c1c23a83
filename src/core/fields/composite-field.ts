import type { Field } from './field.js'

/** Far above what a domain needs, and far below what the stack of this process and of Postgres' JSON parser bear. */
const maximumDepth = 32

/** What makes one kind of value that holds other values differ from another. */
interface Composite<T> extends Pick<
  Field<T>,
  'kind' | 'initial' | 'element' | 'fields' | 'faults' | 'check' | 'copy' | 'toJson' | 'fromJson'
> {
  /** The fields of what it holds. */
  readonly parts: readonly Field<unknown, boolean>[]
}

/**
 * Makes a field of a value that holds others. An initial value that does not fit, and nesting without bound, are
 * faults of the definition.
 */
export function compositeField<T>({ initial, faults, parts, ...others }: Composite<T>): Field<T> {
  const depth = 1 + Math.max(0, ...parts.map((it) => it.depth))
  // Said once, by the level that goes too far.
  const ownFaults = depth === maximumDepth + 1 ? [...faults, tooDeep] : faults
  // What cannot be checked with, because of its faults, is not.
  const initialFaults =
    initial === undefined || ownFaults.length > 0 ? [] : faultsOf(others.check(initial, ''))
  const allFaults = [...ownFaults, ...initialFaults]
  return Object.freeze<Field<T>>({
    ...others,
    optional: false,
    initial: initial === undefined || allFaults.length > 0 ? initial : others.copy(initial),
    depth,
    faults: allFaults,
  })
}

const tooDeep = `must not be nested more than ${maximumDepth} levels deep`

function faultsOf(violations: ReturnType<Field<unknown>['check']>): readonly string[] {
  return violations.map(({ path, problem }) =>
    path === '' ? `its initial value ${problem}` : `its initial value at ${path} ${problem}`,
  )
}
