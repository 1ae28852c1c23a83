import { InvalidValue } from '../core/errors/index.js'
import { checkRecord, copyRecord, type JsonValue, readRecord, writeRecord } from '../core/fields/index.js'
import type { AggregateModel, StateModel } from './aggregate-model.js'
import { shapeOf } from './state-shape.js'

/** The values of a declared state. */
export type StateValues = Readonly<Record<string, unknown>>

/**
 * The aggregate's declared state, in a copy that nobody else can change.
 *
 * @throws {@link InvalidValue} with every value that does not fit its field
 */
export function currentState(
  { name }: AggregateModel,
  { fields, get }: StateModel,
  aggregate: object,
): StateValues {
  const values = get.call(aggregate)
  const violations = checkRecord(fields, values)
  if (violations.length > 0) throw new InvalidValue(`the state of ${name}`, violations)
  const copy = {}
  copyRecord(fields, values as object, copy)
  return copy
}

/** The state as JSON, in the order of its fields. */
export function stateToJson({ fields }: StateModel, values: StateValues): Record<string, JsonValue> {
  return writeRecord(fields, values)
}

/** What a snapshot keeps: the state, and of which fields. */
export function stateToSnapshot(state: StateModel, values: StateValues): JsonValue {
  return { shape: shapeOf(state.fields), values: stateToJson(state, values) }
}

/**
 * Puts an aggregate without history into the state that a snapshot keeps.
 *
 * @throws {@link InvalidValue} when it does not fit the fields, and whatever the user's `restore` throws
 */
export function restoreFromSnapshot(
  { name }: AggregateModel,
  { fields, restore }: StateModel,
  aggregate: object,
  kept: JsonValue,
): void {
  const subject = `the state of ${name}`
  const { shape, values } = Object(kept) as Readonly<Record<string, unknown>>
  if (shape !== shapeOf(fields)) {
    const problem =
      'has other fields than are declared now: raise the version of the state with every change of them'
    throw new InvalidValue(subject, [{ path: '', problem }])
  }
  restore.call(aggregate, readRecord(fields, values, subject))
}
