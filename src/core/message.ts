import { DefinitionError } from './errors/definition-error.js'
import { InvalidValue } from './errors/invalid-value.js'
import type { Fields } from './fields/field.js'
import { checkRecord, copyRecord, fieldFaults, readRecord } from './fields/record.js'
import type { Violation } from './fields/violation.js'
import { nameFault } from './names.js'

/** What events and commands have in common: a persisted name, and fields that give type, check and JSON. */
export interface MessageDefinition<N extends string = string> {
  readonly type: N
  readonly fields: Fields
  /** What makes the definition unusable; reported when the app starts. */
  readonly faults: readonly string[]
}

/** Checks the name and fields of a message. Collects faults, so that a start can report all of them at once. */
export function defineMessage<N extends string>(
  kind: 'event' | 'command',
  type: N,
  fields: Fields,
): MessageDefinition<N> {
  const fault = nameFault(kind, type)
  const faults = fieldFaults(fields).map((it) => `${kind} ${type}: ${it}`)
  return { type, fields, faults: fault === undefined ? faults : [fault, ...faults] }
}

/**
 * Gives a new instance its values, and freezes it. Values are copied, so that nothing outside can change
 * them.
 *
 * @throws {@link InvalidValue} with every violation, those that `alsoRefuse` finds included
 */
export function fill(
  instance: object,
  { type, fields, faults }: MessageDefinition,
  values: unknown,
  alsoRefuse: (values: unknown) => readonly Violation[] = () => [],
): void {
  if (faults.length > 0) throw new DefinitionError(faults)
  const violations = checkRecord(fields, values)
  const all = violations.length > 0 ? violations : alsoRefuse(values)
  if (all.length > 0) throw new InvalidValue(type, all)
  copyRecord(fields, values as object, instance)
  Object.freeze(instance)
}

/**
 * Makes an instance from stored JSON without running the constructor of the user's class: what is stored
 * was decided before, under whatever that constructor said then.
 */
export function revive<T extends object>(
  prototype: T,
  { type, fields }: MessageDefinition,
  json: unknown,
): T {
  const instance = Object.create(prototype) as T
  Object.assign(instance, readRecord(fields, json, type))
  return Object.freeze(instance)
}
