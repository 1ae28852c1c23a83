// The types of values: each gives a TypeScript type, a check at run time and a lossless form in JSON.
export {
  type Field,
  type FieldKind,
  fieldKinds,
  type Fields,
  type Mutable,
  type StringKeys,
  type ValueOf,
  type Values,
} from './field.js'
export type { JsonOf } from './json-of.js'
export type { JsonValue } from './json-value.js'
export type { Violation } from './violation.js'
export { string } from './string.js'
export { int } from './int.js'
export { long } from './long.js'
export { double } from './double.js'
export { decimal } from './decimal.js'
export { boolean } from './boolean.js'
export { uuid } from './uuid.js'
export { timestamp } from './timestamp.js'
export { timestampMicros } from './timestamp-micros.js'
export { date } from './date.js'
export { enumeration } from './enumeration.js'
export { bytes } from './bytes.js'
export { map } from './map.js'
export { record } from './record-field.js'
export { array } from './array.js'
export { optional } from './optional.js'
export { checkRecord, copyRecord, fieldFaults, readRecord, writeRecord } from './record.js'
