import { isField } from './field.js'

/** What is wrong with the field of what an array or a map holds. */
export function elementFaults(element: unknown, what: 'elements' | 'values'): readonly string[] {
  if (!isField(element)) return [`its ${what} must be made with string(), long() or the like`]
  if (element.optional) return [`its ${what} must not be optional, since none of them can be absent`]
  return element.faults.map((it) => `its ${what}: ${it}`)
}
