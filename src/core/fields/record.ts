import { InvalidValue } from '../errors/invalid-value.js'
import { nameFault } from '../names.js'
import { type Field, type Fields, isField, type Values } from './field.js'
import type { JsonValue } from './json-value.js'
import { isRecord, kindOf } from './kind-of.js'
import type { Violation } from './violation.js'

/**
 * Every violation in a record of values: those that do not fit, that are missing, and that no field
 * declares. An optional value may be undefined.
 */
export function checkRecord(fields: Fields, values: unknown): readonly Violation[] {
  if (!isRecord(values)) return [notARecord(values)]
  const violations: Violation[] = []
  for (const [name, field] of Object.entries(fields)) {
    const value = valueIn(values, name)
    if (value === undefined && !field.optional) violations.push({ path: name, problem: 'is missing' })
    // One by one: a huge array may have more than fit into the arguments of one call.
    else for (const violation of field.check(value, name)) violations.push(violation)
  }
  for (const name of Object.keys(values)) {
    if (!Object.hasOwn(fields, name)) violations.push({ path: name, problem: 'is not declared' })
  }
  return violations
}

/**
 * Copies the declared values onto `target` in the order of the fields. A value that is undefined gives no
 * key. The values must have passed {@link checkRecord}.
 */
export function copyRecord(fields: Fields, values: object, target: object): void {
  for (const [name, field] of Object.entries(fields)) {
    const value = valueIn(values, name)
    if (value !== undefined) Reflect.set(target, name, field.copy(value))
  }
}

/** The JSON of a record, keys in the order of the fields. The values must have passed {@link checkRecord}. */
export function writeRecord(fields: Fields, values: object): Record<string, JsonValue> {
  const json: Record<string, JsonValue> = {}
  for (const [name, field] of Object.entries(fields)) {
    const value = valueIn(values, name)
    if (value !== undefined) json[name] = field.toJson(value)
  }
  return json
}

/**
 * The values that a record's JSON stands for. A field that is missing takes its initial value, and what no
 * field declares is left out, so that fields can be added and given up while older records stay readable.
 *
 * @throws {@link InvalidValue} with every violation, `subject` naming what was read
 */
export function readRecord<F extends Fields>(fields: F, json: unknown, subject: string): Values<F> {
  const values = recordFromJson(fields, json)
  const violations = checkRecord(fields, values)
  if (violations.length > 0) throw new InvalidValue(subject, violations)
  return values as Values<F>
}

/** As {@link readRecord}, but not checked yet: what stands for no value is left as it is. */
export function recordFromJson(fields: Fields, json: unknown): unknown {
  if (!isRecord(json)) return json
  const values: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) {
    const value = Object.hasOwn(json, name) ? field.fromJson(json[name]) : initialOf(field)
    if (value !== undefined) values[name] = value
  }
  return values
}

/** What is wrong with a set of fields itself: names that are not safe, and faults of single fields. */
export function fieldFaults(fields: unknown, kind: 'field' | 'column' = 'field'): readonly string[] {
  if (!isRecord(fields)) return [`its ${kind}s must be an object`]
  return Object.entries(fields).flatMap(([name, field]) => {
    const fault = nameFault(kind, name)
    if (fault !== undefined) return [fault]
    if (!isField(field)) return [`${kind} ${name} must be made with string(), long() or the like`]
    return field.faults.map((it) => `${kind} ${name}: ${it}`)
  })
}

// Own keys only: a field may be called like something that every object inherits.
function valueIn(values: object, name: string): unknown {
  return Object.hasOwn(values, name) ? (values as Record<string, unknown>)[name] : undefined
}

function initialOf(field: Field<unknown, boolean>): unknown {
  return field.initial === undefined ? undefined : field.copy(field.initial)
}

function notARecord(value: unknown): Violation {
  return { path: '', problem: `must be an object, not ${kindOf(value)}` }
}
