import type { Field } from './field.js'
import { scalarField } from './scalar-field.js'
import { textProblem } from './string.js'

/**
 * One of a closed set of strings.
 *
 * @example
 * DomainEvent('EntryBooked', { side: enumeration(['credit', 'debit']) })
 */
export function enumeration<const V extends readonly string[]>(
  values: V,
  initial?: V[number],
): Field<V[number]> {
  const allowed: ReadonlySet<unknown> = new Set(values)
  return scalarField<V[number]>({
    kind: 'enumeration',
    initial,
    values: Object.freeze([...values]),
    faults: faultsOf(values),
    problemOf: (value) => (allowed.has(value) ? undefined : `must be one of ${values.join(', ')}`),
    toJson: (value) => value,
  })
}

function faultsOf(values: readonly unknown[]): readonly string[] {
  if (values.length === 0) return ['its list of values is empty']
  const faults = new Set<string>()
  for (const [index, value] of values.entries()) {
    const problem = textProblem(value)
    if (problem !== undefined) faults.add(`its value ${index} ${problem}`)
    if (values.indexOf(value) !== index) faults.add(`its value ${index} is there twice`)
  }
  return [...faults]
}
