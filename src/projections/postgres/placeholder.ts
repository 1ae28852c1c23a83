import type { FieldKind } from '../../core/fields/field.js'
import type { ColumnModel } from '../projection-model.js'
import { columnType } from './columns.js'

/** Text that every column type takes for some value. */
const TEXTS = {
  string: '',
  int: '0',
  long: '0',
  double: '0',
  decimal: '0',
  boolean: 'false',
  uuid: '00000000-0000-0000-0000-000000000000',
  timestamp: 'epoch',
  timestampMicros: '0',
  date: 'epoch',
  enumeration: '',
  bytes: '',
  map: '{}',
  record: '{}',
  array: '[]',
} as const satisfies Record<FieldKind, string>

/**
 * The SQL of a value that a row may have while it only stands for its lock: a column that is not optional takes no null.
 * Nobody sees it: before the transaction commits, the row is written or deleted.
 */
export function placeholderOf(column: ColumnModel): string {
  return column.field.optional ? 'NULL' : `'${TEXTS[column.field.kind]}'::${columnType(column)}`
}
