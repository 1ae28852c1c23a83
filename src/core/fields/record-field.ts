import { compositeField } from './composite-field.js'
import { type Field, type Fields, isField, type Values } from './field.js'
import { isRecord } from './kind-of.js'
import { checkRecord, copyRecord, fieldFaults, recordFromJson, writeRecord } from './record.js'
import { within } from './violation.js'

/**
 * Values by name, each of its own type; frozen, and copied when it is given. In JSON an object, as a column jsonb. A
 * value that is missing in stored JSON takes its field's initial value, so that fields can be added later.
 *
 * @example
 * record({ street: string(), city: string(), note: optional(string()) })
 */
export function record<F extends Fields>(fields: F, initial?: NoInfer<Values<F>>): Field<Values<F>> {
  const own = Object.freeze({ ...fields })
  const sorted = inNameOrder(own)
  return compositeField<Values<F>>({
    kind: 'record',
    initial,
    fields: own,
    parts: Object.values(own).filter(isField),
    faults: fieldFaults(fields),
    check: (value, path) => within(path, checkRecord(own, value)),
    copy: (value) => {
      const copy = {}
      copyRecord(own, value, copy)
      return Object.freeze(copy) as Values<F>
    },
    toJson: (value) => writeRecord(sorted, value),
    fromJson: (json) => (isRecord(json) ? Object.freeze(recordFromJson(own, json)) : json),
  })
}

/** Equal records give equal JSON, also when a release declares the fields in another order. */
function inNameOrder(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).sort(([one], [other]) => (one < other ? -1 : 1)))
}
