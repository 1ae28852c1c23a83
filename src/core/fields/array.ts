import { compositeField } from './composite-field.js'
import { elementFaults } from './element-faults.js'
import { type Field, isField } from './field.js'
import { kindOf } from './kind-of.js'
import { type Violation, within } from './violation.js'

/**
 * A list of values in order, none of them absent; frozen, and copied when it is given. In JSON an array, as a column
 * jsonb.
 *
 * @example
 * array(record({ sku: string(), price: decimal(10, 2) }))
 */
export function array<T>(element: Field<T>, initial?: readonly NoInfer<T>[]): Field<readonly T[]> {
  return compositeField<readonly T[]>({
    kind: 'array',
    initial,
    element,
    parts: isField(element) ? [element] : [],
    faults: elementFaults(element, 'elements'),
    check: (value, path) => within(path, violationsIn(element, value)),
    copy: (value) => Object.freeze(value.map((it) => element.copy(it))),
    toJson: (value) => value.map((it) => element.toJson(it)),
    fromJson: (json) =>
      Array.isArray(json) ? Object.freeze(json.map((it: unknown) => element.fromJson(it))) : json,
  })
}

function violationsIn(element: Field<unknown>, value: unknown): readonly Violation[] {
  if (!Array.isArray(value)) return [{ path: '', problem: `must be an array, not ${kindOf(value)}` }]
  const violations: Violation[] = []
  // Holes count as undefined here, which forEach would pass over.
  for (const [index, it] of value.entries()) {
    const found = element.check(it, '')
    if (found.length > 0) for (const violation of within(`[${index}]`, found)) violations.push(violation)
  }
  return violations
}
