import type { ReportFault } from '../core/decorated-method.js'
import type { AnyClass } from '../core/definition-metadata.js'
import type { Field, FieldKind } from '../core/fields/field.js'
import { fieldFaults } from '../core/fields/record.js'
import { nameFault } from '../core/names.js'
import type { ColumnOrigin, TableProjectionModel } from './projection-model.js'
import { tableDefinition } from './table-projection.js'

/** What JavaScript may have passed as the definition of a table. */
interface UncheckedTable {
  readonly table?: unknown
  readonly key?: unknown
  readonly columns?: unknown
  readonly indexes?: unknown
}

/** What a projection into one table says about the table. */
export type TablePart = Pick<TableProjectionModel, 'table' | 'key' | 'columns' | 'indexes'>

/** Whose values are strings, each with one spelling only: the text that Postgres gives back is the key that was asked for. */
const KEY_KINDS: readonly FieldKind[] = ['string', 'uuid', 'date', 'enumeration', 'decimal']

/** The table of a projection's class, checked. */
export function readTable(projectionClass: AnyClass, report: ReportFault): TablePart {
  const { table, key, columns, indexes } = Reflect.get(
    projectionClass.prototype as object,
    tableDefinition,
  ) as UncheckedTable
  const fault = nameFault('table', table)
  if (fault !== undefined) report(fault)
  const columnFaults = fieldFaults(columns, 'column')
  columnFaults.forEach(report)
  // Of columns that are no fields, nothing more can be said.
  if (columnFaults.length > 0) return { table: String(table), key: String(key), columns: [], indexes: [] }

  const fields = columns as Readonly<Record<string, Field<unknown, boolean>>>
  reportKeyFault(key, fields, report)
  return {
    table: String(table),
    key: String(key),
    columns: Object.entries(fields).map(([name, field]) => ({
      name,
      field,
      origin: originOf(name, field, key),
    })),
    indexes: readIndexes(indexes ?? [], fields, report),
  }
}

function reportKeyFault(
  key: unknown,
  fields: Readonly<Record<string, Field<unknown, boolean>>>,
  report: ReportFault,
): void {
  const field = typeof key === 'string' && Object.hasOwn(fields, key) ? fields[key] : undefined
  if (field === undefined) report(`its key ${String(key)} must be one of its columns`)
  else if (field.optional || !KEY_KINDS.includes(field.kind)) {
    const kinds = `${KEY_KINDS.slice(0, -1).join(', ')} or ${KEY_KINDS.slice(-1).join('')}`
    report(`its key ${String(key)} must be a ${kinds}, and not optional`)
  }
}

function originOf(name: string, field: Field<unknown, boolean>, key: unknown): ColumnOrigin {
  if (name === key) return 'key'
  if (field.initial !== undefined) return 'initial'
  return field.optional ? 'optional' : 'handler'
}

function readIndexes(indexes: unknown, fields: object, report: ReportFault): readonly (readonly string[])[] {
  if (!Array.isArray(indexes) || !indexes.every((index) => Array.isArray(index) && index.length > 0)) {
    report('indexes must be a list of lists of column names')
    return []
  }
  const lists = indexes as readonly (readonly unknown[])[]
  for (const name of new Set(lists.flat())) {
    if (typeof name !== 'string' || !Object.hasOwn(fields, name)) {
      report(`its indexes name ${String(name)}, which is not one of its columns`)
    }
  }
  return lists.map((index) => index.map(String))
}
